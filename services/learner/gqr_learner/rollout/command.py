"""`serve-rollout`: serves the base model and its adapters over gRPC until it is told to stop."""

import time
import uuid
from concurrent import futures
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import grpc
import torch
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from gqr_learner.config import read_config
from gqr_learner.rollout.adapters import Adapters
from gqr_learner.rollout.config import Config
from gqr_learner.rollout.engine import Engine, Limits
from gqr_learner.rollout.grammar import Grammars
from gqr_learner.rollout.language_model import LanguageModel, load
from gqr_learner.rollout.servicer import Model, Servicer
from gqr_learner.worker import Job, LearnerError, Stopped, Worker

__all__ = ["Config", "run"]

SERVICES = ("", "vllm.Inference", "vllm.Control")
"""Names that the health service knows."""
ENGINE_VERSION = "0.33.0"
"""Version of vLLM whose behaviour this server has; the build part says that it is none."""
LOOK_SECONDS = 0.2
"""How soon an order to stop is noticed."""
MESSAGE_BYTES = 16 * 2**20


def run(job: Job, worker: Worker) -> None:
    """Loads the model and serves it; the first line of stage serve names the address."""
    config = read_config(Config, job.config)
    path = job.input("baseModel")
    worker.progress("load", 0, 1, "models", "reading the base model")
    torch.set_num_threads(config.threads or torch.get_num_threads())
    tokenizer, weights = load(path, config.dtype, config.device)
    model = LanguageModel(weights)
    limits = Limits(config.max_running, config.max_waiting, config.max_tokens, config.cached_tokens)
    engine = Engine(model, tokenizer.eos_token_id, limits)
    folder = Path(config.adapters_folder) if config.adapters_folder else None
    adapters = Adapters(engine, folder, config.max_adapters, frozenset([config.served_name]))
    grammars = Grammars(tokenizer, model.vocabulary, tokenizer.eos_token_id)
    served = Model(
        path=path.name,
        name=config.served_name,
        version=f"{ENGINE_VERSION}+gqr.rollout",
        instance=uuid.uuid4().hex,
        tokenizer=tokenizer,
        end=tokenizer.eos_token_id,
    )
    worker.progress("load", 1, 1, "models", f"transformers {version('transformers')}, {weights.dtype} on {weights.device}")
    serve(config, Servicer(served, engine, adapters, grammars), engine, worker)
    worker.result(asdict(engine.counts), [])


def serve(config: Config, servicer: Servicer, engine: Engine, worker: Worker) -> None:
    """Serves until the worker is told to stop, then lets what is being written come to its end."""
    # A call holds a thread while it waits for its tokens; health and control calls must find one free.
    threads = futures.ThreadPoolExecutor(config.max_running + config.max_waiting + 16, thread_name_prefix="call")
    sizes = [
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
        ("grpc.so_reuseport", 0),
    ]
    server = grpc.server(threads, handlers=servicer.handlers(), options=sizes)
    healths = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healths, server)
    host, _, _ = config.listen.rpartition(":")
    try:
        port = server.add_insecure_port(config.listen)
    except RuntimeError as error:
        raise LearnerError(
            f"cannot listen on {config.listen}", "choose a free port with `listen`, or stop what listens there"
        ) from error
    engine.start()
    server.start()
    for name in SERVICES:
        healths.set(name, health_pb2.HealthCheckResponse.SERVING)
    worker.progress("serve", 0, 1, "", f"{host}:{port}")
    try:
        while True:
            worker.check()
            time.sleep(LOOK_SECONDS)
    except Stopped:
        healths.enter_graceful_shutdown()
        stopped = server.stop(config.drain_seconds)
        engine.close(config.drain_seconds)
        stopped.wait()
