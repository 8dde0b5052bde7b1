"""vLLM's messages, made at run time from the descriptors of protos/vllm (README.md says how vllm.binpb is made)."""

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FILE = Path(__file__).with_name("vllm.binpb")

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(FILE.read_bytes()).file:
    _pool.Add(_file)


def message(name: str) -> Any:
    """The class of message `name` of package vllm."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"vllm.{name}"))


def methods(service: str) -> list[Any]:
    """The methods of a service of package vllm."""
    return list(_pool.FindServiceByName(f"vllm.{service}").methods)
