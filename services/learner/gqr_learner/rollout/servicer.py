"""vLLM's services `vllm.Inference` and `vllm.Control` over the engine: messages in and out, errors as vLLM's statuses."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from gqr_learner.rollout import wire
from gqr_learner.rollout.adapters import Adapter, Adapters, AlreadyLoadedError, DisabledError
from gqr_learner.rollout.engine import Engine
from gqr_learner.rollout.grammar import Grammar, GrammarError, Grammars
from gqr_learner.rollout.order import (
    BadGrammarError,
    ClosingError,
    Drawn,
    Ended,
    Failed,
    FullError,
    InvalidOrderError,
    NotFoundError,
    Order,
    OrderError,
    Sampling,
    Started,
    Ticket,
)
from gqr_learner.rollout.text import TextStream

CODES: dict[type[OrderError], grpc.StatusCode] = {
    InvalidOrderError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    BadGrammarError: grpc.StatusCode.INTERNAL,  # as vLLM has it
    FullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ClosingError: grpc.StatusCode.UNAVAILABLE,
    DisabledError: grpc.StatusCode.FAILED_PRECONDITION,
    AlreadyLoadedError: grpc.StatusCode.ALREADY_EXISTS,
}
"""Status of each error; any other is INTERNAL."""

GenerateResponse = wire.message("GenerateResponse")
REASON_NUMBERS = {"length": 1, "stop": 2, "aborted": 3}


@dataclass(frozen=True)
class Model:
    """What is served."""

    path: str
    name: str
    version: str
    instance: str
    tokenizer: Any
    end: int


class Servicer:
    """Answers the calls."""

    def __init__(self, model: Model, engine: Engine, adapters: Adapters, grammars: Grammars) -> None:
        self._model = model
        self._engine = engine
        self._adapters = adapters
        self._grammars = grammars
        self._running: dict[str, Ticket] = {}
        self._lock = threading.Lock()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """The services for grpc.Server.add_generic_rpc_handlers."""
        return [self._service("Inference"), self._service("Control")]

    def _service(self, name: str) -> grpc.GenericRpcHandler:
        handlers = {}
        for method in wire.methods(name):
            make = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
            handlers[method.name] = make(
                self._answer_stream(self._generate_stream) if method.server_streaming else self._answer(self._unary(method.name)),
                request_deserializer=wire.message(method.input_type.name).FromString,
                response_serializer=wire.message(method.output_type.name).SerializeToString,
            )
        return grpc.method_handlers_generic_handler(f"vllm.{name}", handlers)

    def _unary(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        by_name: dict[str, Callable[[Any, grpc.ServicerContext], Any]] = {
            "Generate": self._generate,
            "GetServerInfo": lambda request, context: self._server_info(),
            "GetModelInfo": lambda request, context: self._model_info(),
            "Abort": lambda request, context: self._abort(request),
            "LoadLora": lambda request, context: self._loaded(self._adapters.load(request.lora_name, request.source_path)),
            "UnloadLora": lambda request, context: self._unloaded(self._adapters.unload(request.lora_name)),
            "ListLoras": lambda request, context: self._listed(),
        }
        return by_name[name]

    def _answer(self, call: Callable[[Any, grpc.ServicerContext], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return call(request, context)
            except OrderError as error:
                context.abort(CODES.get(type(error), grpc.StatusCode.INTERNAL), str(error))

        return answer

    def _answer_stream(self, call: Callable[[Any, grpc.ServicerContext], Iterator[Any]]) -> Any:
        def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from call(request, context)
            except OrderError as error:
                context.abort(CODES.get(type(error), grpc.StatusCode.INTERNAL), str(error))

        return answer

    def _begin(self, request: Any, context: grpc.ServicerContext) -> Ticket:
        ticket = Ticket(self._parse(request), request.request_id or uuid.uuid4().hex)
        # The caller may have left, or its deadline passed, before anybody listens.
        if not context.add_callback(lambda: self._engine.cancel(ticket)):
            ticket.cancel()
        with self._lock:
            self._running[ticket.request_id] = ticket
        try:
            self._engine.submit(ticket)
        except OrderError:
            self._over(ticket)
            raise
        return ticket

    def _over(self, ticket: Ticket) -> None:
        with self._lock:
            if self._running.get(ticket.request_id) is ticket:
                del self._running[ticket.request_id]

    def _generate(self, request: Any, context: grpc.ServicerContext) -> Any:
        ticket = self._begin(request, context)
        response = GenerateResponse()
        ticket.ended.wait()
        try:
            for piece in self._pieces(ticket, request):
                response.MergeFrom(piece)
        finally:
            self._over(ticket)
        # Merging adds up lists and takes the last of everything else.
        response.outputs.num_tokens = len(ticket.tokens)
        response.outputs.text = TextStream(self._model.tokenizer).whole(self._words(ticket.tokens))
        return response

    def _generate_stream(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        ticket = self._begin(request, context)
        try:
            yield from self._pieces(ticket, request)
        finally:
            self._engine.cancel(ticket)
            self._over(ticket)

    def _pieces(self, ticket: Ticket, request: Any) -> Iterator[Any]:
        """The messages of a stream; what was drawn while the caller was busy comes in one."""
        text = TextStream(self._model.tokenizer)
        ended: Ended | None = None
        while ended is None:
            piece = GenerateResponse()
            event = ticket.events.get()
            while True:
                if isinstance(event, Failed):
                    raise event.error
                if isinstance(event, Started):
                    piece.prompt_info.num_prompt_tokens = len(ticket.order.prompt)
                    piece.prompt_info.logprobs.extend(event.logprobs)
                    break
                if isinstance(event, Ended):
                    ended = event
                    break
                self._add(piece.outputs, event, text, request)
                if ticket.events.empty():
                    break
                event = ticket.events.get()
            if ended is not None:
                self._finish(piece.outputs, ended, text, ticket)
            yield piece

    def _add(self, outputs: Any, drawn: Drawn, text: TextStream, request: Any) -> None:
        outputs.num_tokens += 1
        if drawn.token != self._model.end:
            outputs.text += text.append(drawn.token)
        if request.response.output_token_ids:
            outputs.token_ids.append(drawn.token)
        if drawn.logprob is not None:
            outputs.logprobs.append(drawn.logprob)

    def _finish(self, outputs: Any, ended: Ended, text: TextStream, ticket: Ticket) -> None:
        outputs.text += text.rest(self._words(ticket.tokens))
        outputs.finish_info.num_output_tokens = len(ticket.tokens)
        outputs.finish_info.finish_reason = REASON_NUMBERS[ended.reason]
        if ended.reason == "stop":
            outputs.finish_info.eos_token_id = self._model.end

    def _words(self, tokens: list[int]) -> list[int]:
        return [token for token in tokens if token != self._model.end]

    def _parse(self, request: Any) -> Order:
        """A request as an order.

        Raises:
            OrderError: saying what is wrong with it.
        """
        if request.model not in ("", self._model.name):
            raise NotFoundError(f"model {request.model} not found")
        if request.sampling.num_sequences > 1:
            raise InvalidOrderError("num_sequences > 1 is not supported")
        prompt = self._prompt(request)
        room = self._engine.limits.max_tokens - len(prompt)
        if room < 1:
            raise InvalidOrderError(
                f"the prompt has {len(prompt)} tokens; with its text it may have {self._engine.limits.max_tokens}"
            )
        return Order(
            prompt=prompt,
            adapter=self._adapters.number(request.lora_name),
            sampling=_sampling(request),
            max_new_tokens=min(request.stopping.max_new_tokens or room, room),
            grammar=self._grammar(request.decoding),
            prompt_logprobs=request.response.prompt_logprobs,
            output_logprobs=request.response.output_logprobs,
        )

    def _prompt(self, request: Any) -> tuple[int, ...]:
        kind = request.WhichOneof("prompt")
        if kind == "token_ids":
            prompt = tuple(request.token_ids.ids)
            vocabulary = self._grammars.vocabulary
            if any(token >= vocabulary for token in prompt):
                raise InvalidOrderError(f"token_ids must be below {vocabulary}")
        elif kind == "text":
            prompt = tuple(self._model.tokenizer(request.text)["input_ids"])
        else:
            raise InvalidOrderError("prompt is required")
        if not prompt:
            raise InvalidOrderError("the prompt is empty")
        return prompt

    def _grammar(self, decoding: Any) -> Grammar | None:
        kind = decoding.WhichOneof("structured_output")
        if kind is None:
            return None
        compiled = self._grammars.regex if kind == "regex" else self._grammars.context_free
        try:
            return compiled(getattr(decoding, kind))
        except GrammarError as error:
            raise BadGrammarError(f"the {kind} cannot be compiled: {error}") from error

    def _abort(self, request: Any) -> Any:
        with self._lock:
            tickets = [self._running[name] for name in request.request_ids if name in self._running]
        for ticket in tickets:
            self._engine.cancel(ticket)
        return wire.message("AbortResponse")()

    def _server_info(self) -> Any:
        limits = self._engine.limits
        return wire.message("ServerInfo")(
            engine_version=self._model.version,
            api_version="vllm",
            instance_id=self._model.instance,
            max_model_len=limits.max_tokens,
            max_running_requests=limits.max_running,
            max_loras=self._adapters.most if self._adapters.enabled else 0,
        )

    def _model_info(self) -> Any:
        return wire.message("ModelInfo")(
            model_id=self._model.path,
            served_model_name=self._model.name,
            supports_text_input=True,
            supports_token_ids_input=True,
            supports_lora=self._adapters.enabled,
        )

    def _loaded(self, adapter: Adapter) -> Any:
        return wire.message("LoadLoraResponse")(adapter=_to_message(adapter))

    def _unloaded(self, adapter: Adapter) -> Any:
        return wire.message("UnloadLoraResponse")(adapter=_to_message(adapter))

    def _listed(self) -> Any:
        return wire.message("ListLorasResponse")(adapters=[_to_message(adapter) for adapter in self._adapters.list()])


def _to_message(adapter: Adapter) -> Any:
    return wire.message("LoraAdapter")(lora_id=adapter.number, lora_name=adapter.name, source_path=adapter.folder)


def _sampling(request: Any) -> Sampling:
    """What is not set has vLLM's default. Raises InvalidOrderError."""
    asked = request.sampling
    sampling = Sampling(
        temperature=request.temperature if request.HasField("temperature") else 0.0,
        top_k=asked.top_k,
        top_p=asked.top_p or 1.0,
        min_p=asked.min_p,
        repetition_penalty=request.decoding.repetition_penalty or 1.0,
        presence_penalty=request.decoding.presence_penalty,
        seed=asked.seed if asked.HasField("seed") else None,
    )
    # Written so that what is not a number fails too.
    if not 0 <= sampling.temperature < float("inf"):
        raise InvalidOrderError("temperature must be a number of at least 0")
    if not 0 < sampling.top_p <= 1:
        raise InvalidOrderError("top_p must be in (0, 1]")
    if not 0 <= sampling.min_p <= 1:
        raise InvalidOrderError("min_p must be in [0, 1]")
    if not -2 <= sampling.presence_penalty <= 2:
        raise InvalidOrderError("presence_penalty must be in [-2, 2]")
    if not 0 < sampling.repetition_penalty < float("inf"):
        raise InvalidOrderError("repetition_penalty must be a number above 0")
    return sampling
