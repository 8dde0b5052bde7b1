"""What the server is asked for, and what comes of it, free of the wire."""

import queue
import random
import threading
from dataclasses import dataclass, field

from gqr_learner.rollout.grammar import Grammar


class OrderError(Exception):
    """An order that cannot be carried out."""


class NotFoundError(OrderError):
    """It names a model or an adapter that is not there."""


class InvalidOrderError(OrderError):
    """It is wrong in itself."""


class BadGrammarError(OrderError):
    """Its grammar cannot be compiled or cannot be met."""


class FullError(OrderError):
    """There is no room for it now: the queue is full, or the memory."""


class ClosingError(OrderError):
    """The server is about to stop and takes nothing new."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn."""

    temperature: float = 0.0
    """0 always takes the most probable token."""
    top_k: int = 0
    """Most tokens to draw from; 0 for the whole vocabulary."""
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    """Divides the logit, or multiplies a negative one, of tokens that prompt or text have, as in vLLM."""
    presence_penalty: float = 0.0
    """Taken off the logit of tokens that the text has."""
    seed: int | None = None


@dataclass(frozen=True)
class Order:
    """A text that is wanted."""

    prompt: tuple[int, ...]
    """At least one token."""
    adapter: int | None
    """Number of a loaded adapter; None for the base model."""
    sampling: Sampling
    max_new_tokens: int
    """At least 1; prompt and text fit into the context."""
    grammar: Grammar | None = None
    prompt_logprobs: bool = False
    output_logprobs: bool = False


@dataclass(frozen=True)
class Started:
    """The prompt was evaluated."""

    logprobs: tuple[float, ...] = ()
    """Of each of the prompt's tokens given those before it, in nats, 0 for the first; empty unless asked for."""


@dataclass(frozen=True)
class Drawn:
    """A token was drawn."""

    token: int
    logprob: float | None
    """At temperature 1, before penalties and cuts, among the tokens that the grammar allows; None unless asked for."""


@dataclass(frozen=True)
class Ended:
    """The last event."""

    reason: str
    """"stop", "length" or "aborted"."""


@dataclass(frozen=True)
class Failed:
    """The last event of an order that came to grief."""

    error: OrderError


Event = Started | Drawn | Ended | Failed


@dataclass
class Ticket:
    """An order under way. The engine puts events, the caller takes them; `cancel` may come from anywhere."""

    order: Order
    request_id: str = ""
    events: "queue.SimpleQueue[Event]" = field(default_factory=queue.SimpleQueue)
    tokens: list[int] = field(default_factory=list)
    """Drawn so far. The engine's."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set once the last event was put, for a caller whom it would not help to be woken for each."""
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.random = random.Random(self.order.sampling.seed)
        self.constraint = None if self.order.grammar is None else self.order.grammar.begin()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ends it at the next step, as aborted."""
        self._cancelled.set()
