import base64
import io
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from rollout_model import save_adapter, tiny_model, tiny_tokenizer

from gqr_learner.rollout import command, wire
from gqr_learner.worker import LearnerError, Worker, read_job

LEARNER = Path(__file__).parents[1]
TOKENIZER = tiny_tokenizer()


class Stoppable(Worker):
    """A worker whose process outlives it."""

    def stop(self) -> None:
        self._stop.set()


class Lines(io.StringIO):
    """Standard output of a command, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def write(self, text: str) -> int:
        self.queue.put(json.loads(text))
        return len(text)


def job_in(folder: Path, **config: Any) -> Path:
    """A job file with the tiny model."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_model(len(TOKENIZER)).save_pretrained(folder / "base")
    TOKENIZER.save_pretrained(folder / "base")
    job = {"config": {"threads": 1, **config}, "inputs": {"baseModel": "base"}, "out": "out"}
    (folder / "job.json").write_text(json.dumps(job))
    return folder / "job.json"


class Server:
    """A rollout server in a thread, and calls to it."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self._lines = Lines()
        self._worker = Stoppable(self._lines)
        job = read_job(job_in(folder, **config))
        self._thread = threading.Thread(target=command.run, args=(job, self._worker), daemon=True)
        self._thread.start()
        line = self._lines.queue.get(timeout=120)
        while line.get("stage") != "serve":
            line = self._lines.queue.get(timeout=120)
        self.address = line["message"]
        self.channel = grpc.insecure_channel(self.address)

    def stop(self) -> dict[str, Any]:
        """Stops it; its last line."""
        self._worker.stop()
        line = self._lines.queue.get(timeout=120)
        self._thread.join(60)
        self.channel.close()
        return line

    def call(self, service: str, method: str, timeout: float = 60, **fields: Any) -> Any:
        return self._method(service, method)(fields, timeout)

    def _method(self, service: str, name: str) -> Any:
        (method,) = (method for method in wire.methods(service) if method.name == name)
        make = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        answer = wire.message(method.output_type.name).FromString
        rpc = make(f"/vllm.{service}/{name}", lambda message: message.SerializeToString(), answer)
        return lambda fields, timeout: rpc(wire.message(method.input_type.name)(**fields), timeout=timeout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollout")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    adapters = folder / "adapters"
    save_adapter(adapters / "one", len(TOKENIZER), 1)
    save_adapter(adapters / "other", len(TOKENIZER), 1, hidden=64)
    save_adapter(folder / "elsewhere", len(TOKENIZER), 1)
    server = Server(folder, adaptersFolder=str(adapters), maxAdapters=2, maxTokens=200)
    yield server
    server.stop()


def prompt(text: str) -> dict[str, Any]:
    return {"token_ids": {"ids": TOKENIZER(text)["input_ids"]}}


def code_of(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    return error.code(), error.details()


def test_says_what_it_is_and_serves_as_vllm_does(server: Server) -> None:
    info = server.call("Control", "GetServerInfo")
    assert (info.engine_version, info.api_version, info.max_model_len, info.max_loras) == ("0.33.0+gqr.rollout", "vllm", 200, 2)
    model = server.call("Control", "GetModelInfo")
    assert (model.served_model_name, model.supports_lora, model.supports_token_ids_input) == ("base", True, True)
    health = health_pb2_grpc.HealthStub(server.channel)
    for name in ("", "vllm.Inference", "vllm.Control"):
        assert health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status == 1


def test_a_text_is_the_same_whole_and_streamed_and_a_stream_begins_with_the_prompt_and_ends_with_the_end(server: Server) -> None:
    request = {
        **prompt("how to reheat"),
        "temperature": 1.0,
        "sampling": {"seed": 4, "top_k": 20, "top_p": 0.9},
        "stopping": {"max_new_tokens": 30},
        "response": {"output_logprobs": True, "output_token_ids": True},
    }
    whole = server.call("Inference", "Generate", **request)
    pieces = list(server.call("Inference", "GenerateStream", **request))
    assert pieces[0].prompt_info.num_prompt_tokens == len(request["token_ids"]["ids"])
    assert not pieces[0].HasField("outputs")
    assert [piece.outputs.HasField("finish_info") for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert "".join(piece.outputs.text for piece in pieces) == whole.outputs.text
    tokens = list(whole.outputs.token_ids)
    assert [token for piece in pieces for token in piece.outputs.token_ids] == tokens
    assert len(whole.outputs.logprobs) == len(tokens) == whole.outputs.finish_info.num_output_tokens
    assert TOKENIZER.decode([token for token in tokens if token != 0]) == whole.outputs.text


def test_a_text_under_a_grammar_matches_it_at_any_temperature(server: Server) -> None:
    for seed in range(10):
        answer = server.call(
            "Inference",
            "Generate",
            **prompt("how"),
            temperature=1.5,
            sampling={"seed": seed},
            decoding={"regex": "Prefix:(?: [a-z]{1,5}){1,3}\\n[a-z]{4}"},
            stopping={"max_new_tokens": 80},
        )
        head, last = answer.outputs.text.split("\n")
        assert head.startswith("Prefix: ")
        assert len(last) == 4
        assert answer.outputs.finish_info.finish_reason == 2
        assert answer.outputs.finish_info.eos_token_id == 0
    gbnf = server.call("Inference", "Generate", **prompt("how"), decoding={"grammar": 'root ::= "yes" | "no"'})
    assert gbnf.outputs.text in ("yes", "no")


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({}, "INVALID_ARGUMENT", "prompt is required"),
        ({**prompt("a"), "model": "other"}, "NOT_FOUND", "model other not found"),
        ({**prompt("a"), "lora_name": "none"}, "NOT_FOUND", "adapter none is not loaded"),
        ({**prompt("a"), "sampling": {"num_sequences": 2}}, "INVALID_ARGUMENT", "num_sequences"),
        ({**prompt("a"), "sampling": {"top_p": 1.5}}, "INVALID_ARGUMENT", "top_p"),
        ({**prompt("a"), "temperature": float("nan")}, "INVALID_ARGUMENT", "temperature"),
        ({**prompt("a"), "decoding": {"regex": "(("}}, "INTERNAL", "the regex cannot be compiled"),
        ({**prompt("a"), "decoding": {"grammar": "root ::= nothing"}}, "INTERNAL", "the grammar cannot be compiled"),
        ({"token_ids": {"ids": [99999]}}, "INVALID_ARGUMENT", "must be below"),
        ({"token_ids": {"ids": [5] * 200}}, "INVALID_ARGUMENT", "200 tokens"),
    ],
)
def test_a_faulty_request_gets_the_status_that_vllm_gives_and_the_next_one_its_text(
    server: Server, fields: dict[str, Any], code: str, said: str
) -> None:
    whole = code_of(lambda: server.call("Inference", "Generate", **fields))
    streamed = code_of(lambda: list(server.call("Inference", "GenerateStream", **fields)))
    for status, details in (whole, streamed):
        assert (status.name, said in details) == (code, True), details
    assert server.call("Inference", "Generate", **prompt("a"), stopping={"max_new_tokens": 1}).outputs.num_tokens == 1


def test_adapters_are_loaded_used_listed_and_unloaded_by_name(server: Server, folder: Path) -> None:
    source = str(folder / "adapters" / "one")
    request = {**prompt("how to reheat rice"), "stopping": {"max_new_tokens": 12}}
    assert server.call("Control", "LoadLora", lora_name="one", source_path=source).adapter.source_path == source
    assert [adapter.lora_name for adapter in server.call("Control", "ListLoras").adapters] == ["one"]
    adapted = server.call("Inference", "Generate", **request, lora_name="one").outputs.text
    assert adapted != server.call("Inference", "Generate", **request).outputs.text
    assert code_of(lambda: server.call("Control", "LoadLora", lora_name="one", source_path=source))[0].name == "ALREADY_EXISTS"
    server.call("Control", "UnloadLora", lora_name="one")
    assert code_of(lambda: server.call("Control", "UnloadLora", lora_name="one"))[0].name == "NOT_FOUND"
    assert code_of(lambda: server.call("Inference", "Generate", **request, lora_name="one"))[0].name == "NOT_FOUND"
    assert list(server.call("Control", "ListLoras").adapters) == []


@pytest.mark.parametrize(
    ("name", "where", "said"),
    [
        ("x", "adapters/none", "holds no adapter"),
        ("x", "elsewhere", "is not below"),
        ("x", "adapters/../elsewhere", "is not below"),
        ("x", "adapters/other", "made for another base model"),
        ("", "adapters/one", "lora_name is required"),
    ],
)
def test_an_adapter_that_cannot_serve_is_refused_with_the_reason(
    server: Server, folder: Path, name: str, where: str, said: str
) -> None:
    status, details = code_of(lambda: server.call("Control", "LoadLora", lora_name=name, source_path=str(folder / where)))
    assert (status.name, said in details) == ("INVALID_ARGUMENT", True), details


@pytest.fixture(scope="module")
def endless(folder: Path) -> Iterator[Server]:
    """A server whose texts take for ever, one at a time."""
    server = Server(folder / "endless", maxRunning=1, maxWaiting=0, maxTokens=5000, drainSeconds=0.5)
    yield server
    server.stop()


LONG: dict[str, Any] = {
    **prompt("how"),
    "temperature": 5.0,
    "decoding": {"regex": "[a-z]{3000}"},
    "stopping": {"max_new_tokens": 4000},
}


def test_a_deadline_a_cancelled_call_and_an_abort_each_free_the_engine(endless: Server) -> None:
    assert code_of(lambda: endless.call("Inference", "Generate", timeout=0.5, **LONG))[0].name == "DEADLINE_EXCEEDED"
    generate_one(endless)
    stream = endless.call("Inference", "GenerateStream", **LONG)
    assert next(stream).prompt_info.num_prompt_tokens == 1
    stream.cancel()
    generate_one(endless)
    with futures.ThreadPoolExecutor(1) as pool:
        aborted = pool.submit(endless.call, "Inference", "Generate", request_id="mine", **LONG)
        while not aborted.done():
            endless.call("Control", "Abort", request_ids=["mine", "nobody's"])
            time.sleep(0.05)
    assert aborted.result().outputs.finish_info.finish_reason == 3
    generate_one(endless)


def generate_one(server: Server) -> None:
    """Writes a token as soon as there is room: a place is free a moment after its call has ended."""
    for _ in range(600):
        try:
            assert server.call("Inference", "Generate", **prompt("a"), stopping={"max_new_tokens": 1}).outputs.num_tokens == 1
        except grpc.RpcError as error:
            assert error.code().name == "RESOURCE_EXHAUSTED"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("no place came free")


def test_told_to_stop_it_ends_what_is_under_way_and_says_what_it_did(folder: Path) -> None:
    server = Server(folder / "stopped", maxTokens=5000, drainSeconds=0.2)
    stream = server.call("Inference", "GenerateStream", **LONG)
    next(stream)
    line = server.stop()
    assert (line["type"], line["metrics"]["prompt_tokens"]) == ("result", 1)
    assert code_of(lambda: list(stream))[0].name in ("UNAVAILABLE", "CANCELLED")


def test_as_a_command_it_serves_until_its_parent_is_gone(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(LEARNER), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-m", "gqr_learner", "serve-rollout", "--job", str(job_in(folder / "command"))]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(arguments, env=environment, text=True, **pipes)
    assert process.stdin is not None
    assert process.stdout is not None
    address = next(line["message"] for line in map(json.loads, process.stdout) if line.get("stage") == "serve")
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest(service="vllm.Inference"), timeout=60).status == 1
    process.stdin.close()
    assert [json.loads(line)["type"] for line in process.stdout] == ["result"]
    assert process.wait(60) == 0


def test_a_port_that_is_taken_is_told_with_a_remedy(folder: Path, server: Server) -> None:
    job = read_job(job_in(folder / "second", listen=server.address))
    with pytest.raises(LearnerError, match="cannot listen") as caught:
        command.run(job, Stoppable(io.StringIO()))
    assert "free port" in caught.value.remedy


def test_its_messages_are_those_of_the_contract() -> None:
    """The descriptors beside the server are those that protos/gen has, which npm run check compares with protos/vllm."""
    generated = LEARNER.parents[1] / "protos" / "gen" / "vllm"
    for file in descriptor_pb2.FileDescriptorSet.FromString(wire.FILE.read_bytes()).file:
        text = (generated / f"{Path(file.name).stem}_pb.ts").read_text()
        found = re.search(r'fileDesc\("([A-Za-z0-9+/=]+)"', text)
        assert found is not None
        theirs = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(found[1] + "=="))
        assert {message.name for message in theirs.message_type} == {message.name for message in file.message_type}
        for mine, other in zip(file.message_type, theirs.message_type, strict=True):
            mine_fields = [(field.name, field.number, field.type, field.label) for field in mine.field]
            assert mine_fields == [(field.name, field.number, field.type, field.label) for field in other.field]
        assert [method.name for method in file.service[0].method] == [method.name for method in theirs.service[0].method]
