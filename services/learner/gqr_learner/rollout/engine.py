"""Writes the texts of all orders in one batch that orders join and leave at any step."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from gqr_learner.rollout.grammar import forbid
from gqr_learner.rollout.language_model import LanguageModel
from gqr_learner.rollout.order import (
    BadGrammarError,
    ClosingError,
    Drawn,
    Ended,
    Failed,
    FullError,
    OrderError,
    Started,
    Ticket,
)
from gqr_learner.rollout.prompt_cache import MAX_BRANCHES, Branch, Prompt, PromptCache
from gqr_learner.rollout.reading import Readings, wants_logprobs
from gqr_learner.rollout.sampling import Row, draw, log_probabilities, penalise

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """How much is done at a time."""

    max_running: int
    max_waiting: int
    max_tokens: int
    cached_tokens: int


@dataclass
class Counts:
    """What was done since the start."""

    prompt_tokens: int = 0
    """Of all prompts."""
    read_tokens: int = 0
    """Of these, tokens that were evaluated; the evaluation of the others was shared."""
    drawn_tokens: int = 0
    steps: int = 0
    ended: int = 0
    failed: int = 0
    busy_seconds: float = 0.0


@dataclass(eq=False)
class _Text:
    """An order that is being written."""

    ticket: Ticket
    prompt: Prompt
    branch: Branch


class Engine:
    """Writes texts in a thread of its own.

    A step writes a token of every text and reads on in the prompts of new orders, all in one evaluation. Orders with the same
    prompt share its evaluation; what another prompt has in common with one that is still known is copied. An order that was
    cancelled is dropped before the next step.
    """

    def __init__(self, model: LanguageModel, end_token: int, limits: Limits) -> None:
        self.limits = limits
        self.counts = Counts()
        self._model = model
        self._end_token = end_token
        self._cache = PromptCache(limits.cached_tokens)
        self._readings = Readings(model, self._cache)
        self._texts: dict[Branch, _Text] = {}
        self._waiting: deque[Ticket] = deque()
        self._calls: deque[Callable[[], None]] = deque()
        self._retired: set[int] = set()
        self._changed = threading.Condition()
        self._under_way = 0
        self._closing = False
        self._aborting = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def submit(self, ticket: Ticket) -> None:
        """Takes an order. Its ticket gets the events, the last of which is Ended or Failed.

        Raises:
            FullError: if too many wait already.
            ClosingError: if the engine was closed.
        """
        with self._changed:
            if self._closing:
                raise ClosingError("the server is about to stop")
            if self._under_way >= self.limits.max_running + self.limits.max_waiting:
                raise FullError(f"{self._under_way} requests are under way or wait already")
            self._under_way += 1
            self._waiting.append(ticket)
            self._changed.notify()

    def cancel(self, ticket: Ticket) -> None:
        """Ends an order at the next step, as aborted; one that has ended stays as it is."""
        ticket.cancel()
        with self._changed:
            self._changed.notify()

    def load_adapter(self, number: int, folder: Path) -> None:
        """Loads an adapter between two steps. Raises AdapterError."""
        self._between_steps(lambda: self._model.load_adapter(number, folder)).result()

    def unload_adapter(self, number: int) -> None:
        """Unloads an adapter that no new order names, once the last text under it is written; returns at once."""
        self._between_steps(lambda: self._retired.add(number))

    def close(self, grace_seconds: float) -> None:
        """Takes no new orders, ends those that wait, lets those under way go on for a while, and stops."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(grace_seconds)
        self._aborting = True
        self._thread.join()

    def _between_steps(self, work: Callable[[], T]) -> "Future[T]":
        done: Future[T] = Future()

        def call() -> None:
            try:
                done.set_result(work())
            except Exception as error:
                done.set_exception(error)

        with self._changed:
            if self._closing:
                raise ClosingError("the server is about to stop")
            self._calls.append(call)
            self._changed.notify()
        return done

    @torch.inference_mode()
    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._under_way or self._calls or self._closing):
                    self._changed.wait()
                calls = list(self._calls)
                self._calls.clear()
                admitted = self._admit()
                if self._closing and not self._under_way and not calls:
                    return
            for call in calls:
                call()
            began = time.monotonic()
            self._begin(admitted)
            self._drop_cancelled()
            self._step()
            self.counts.busy_seconds += time.monotonic() - began
            self._unload_retired()

    def _admit(self) -> list[Ticket]:
        """Orders whose turn it is. Those that were cancelled while they waited are done."""
        admitted: list[Ticket] = []
        busy = len(self._texts) + len(self._readings.tickets)
        while self._waiting and (self._closing or busy + len(admitted) < self.limits.max_running):
            ticket = self._waiting.popleft()
            if self._closing:
                self._fail(ticket, ClosingError("the server is about to stop"))
            elif ticket.cancelled:
                self._conclude(ticket, Ended("aborted"))
            else:
                admitted.append(ticket)
        return admitted

    def _begin(self, admitted: list[Ticket]) -> None:
        """Begins the texts of new orders whose prompt is known, and has the prompts of the others read, each once."""
        by_prompt: dict[tuple[int | None, tuple[int, ...]], list[Ticket]] = {}
        for ticket in admitted:
            by_prompt.setdefault((ticket.order.adapter, ticket.order.prompt), []).append(ticket)
        for every in by_prompt.values():
            for at in range(0, len(every), MAX_BRANCHES):
                tickets = every[at : at + MAX_BRANCHES]
                self.counts.prompt_tokens += sum(len(ticket.order.prompt) for ticket in tickets)
                known = self._known(tickets)
                if known is not None:
                    self._write(known, tickets)
                else:
                    self._readings.add(tickets)

    def _known(self, tickets: list[Ticket]) -> Prompt | None:
        """The prompt of some orders, if it has been read and has room for them."""
        order = tickets[0].order
        with_logprobs = wants_logprobs(tickets)
        for known in self._running():
            fits = len(known.branches) + len(tickets) <= MAX_BRANCHES
            same = (known.adapter, known.tokens) == (order.adapter, order.prompt)
            if same and fits and not (with_logprobs and known.logprobs is None):
                return known
        return self._cache.take(order.adapter, order.prompt, with_logprobs)

    def _running(self) -> list[Prompt]:
        """The prompts of the texts that are being written, adapter by adapter."""
        prompts = dict.fromkeys(text.prompt for text in self._texts.values())
        return sorted(prompts, key=lambda prompt: prompt.adapter or 0)

    def _write(self, prompt: Prompt, tickets: list[Ticket]) -> None:
        """Begins the texts of orders whose prompt has been read: draws the first token of each."""
        if prompt.logits is None:
            raise AssertionError("the prompt has not been read to its end")
        texts = [_Text(ticket, prompt, prompt.open_branch()) for ticket in tickets]
        self._texts.update((text.branch, text) for text in texts)
        for ticket in tickets:
            ticket.events.put(Started(tuple(prompt.logprobs or ()) if ticket.order.prompt_logprobs else ()))
        self._draw(texts, prompt.logits.repeat(len(texts), 1))

    def _drop_cancelled(self) -> None:
        for text in [text for text in self._texts.values() if self._aborting or text.ticket.cancelled]:
            self._end(text, "aborted")
        unread = [ticket for ticket in self._readings.tickets if self._aborting or ticket.cancelled]
        self._readings.drop(unread)
        for ticket in unread:
            self._conclude(ticket, Ended("aborted"))

    def _step(self) -> None:
        """Appends the token that was drawn last to each text, reads on in prompts, and draws what follows."""
        prompts = self._running()
        texts = [self._texts[branch] for prompt in prompts for branch in prompt.branches]
        try:
            chunks = self._readings.next(prompts)
            if not texts and not chunks:
                return
            logits = self._model.step(prompts, [text.ticket.tokens[-1] for text in texts], chunks)
        except Exception as error:
            # A lack of memory may have struck in the middle of a step: nothing that it touched can be trusted.
            unread = self._readings.tickets
            self._readings.drop(unread)
            for text in texts:
                self._forget(text)
            self._cache.clear()
            for ticket in [*unread, *(text.ticket for text in texts)]:
                self._fail(ticket, _explained(error))
            return
        self.counts.steps += 1
        self.counts.read_tokens += sum(count for _, count in chunks)
        if texts:
            self._draw(texts, logits)
        for prompt, tickets in self._readings.take_complete():
            self._write(prompt, tickets)

    def _draw(self, texts: list[_Text], logits: torch.Tensor) -> None:
        """Draws a token for each text and ends those that are complete. Changes `logits`."""
        tickets = [text.ticket for text in texts]
        constraints = [ticket.constraint for ticket in tickets]
        if any(constraint is not None for constraint in constraints):
            forbid(logits, constraints)
        scored = [at for at, ticket in enumerate(tickets) if ticket.order.output_logprobs]
        raw = logits[scored] if scored else None  # a copy: penalties come after
        rows = [Row(ticket.order.sampling, ticket.random.random(), ticket.order.prompt, ticket.tokens) for ticket in tickets]
        penalise(logits, rows)
        tokens = draw(logits, rows)
        logprobs: dict[int, float] = {}
        if raw is not None:
            logprobs.update(zip(scored, log_probabilities(raw, [tokens[at] for at in scored]), strict=True))
        for at, text in enumerate(texts):
            self._append(text, tokens[at], logprobs.get(at))

    def _append(self, text: _Text, token: int, logprob: float | None) -> None:
        ticket = text.ticket
        constraint = ticket.constraint
        if constraint is not None:
            if constraint.dead:
                self._fail(ticket, BadGrammarError("the grammar allows no further token"))
                self._forget(text)
                return
            constraint.advance(token)
        self._count(ticket, token, logprob)
        if token == self._end_token:
            self._end(text, "stop")
        elif len(ticket.tokens) == ticket.order.max_new_tokens:
            self._end(text, "length")
        elif constraint is not None and constraint.only() == self._end_token:
            # What is certain need not be asked of the model.
            self._count(ticket, self._end_token, None if logprob is None else 0.0)
            self._end(text, "stop")

    def _count(self, ticket: Ticket, token: int, logprob: float | None) -> None:
        ticket.tokens.append(token)
        ticket.events.put(Drawn(token, logprob))
        self.counts.drawn_tokens += 1

    def _end(self, text: _Text, reason: str) -> None:
        self._conclude(text.ticket, Ended(reason))
        self._forget(text)

    def _fail(self, ticket: Ticket, error: OrderError) -> None:
        self._conclude(ticket, Failed(error))

    def _conclude(self, ticket: Ticket, event: Ended | Failed) -> None:
        """Tells an order's last event; its place is free then."""
        with self._changed:
            self._under_way -= 1
        if isinstance(event, Failed):
            self.counts.failed += 1
        else:
            self.counts.ended += 1
        ticket.events.put(event)
        ticket.ended.set()

    def _forget(self, text: _Text) -> None:
        """Takes a text out of the batch; its prompt, if it was the last one behind it, goes to the cache."""
        del self._texts[text.branch]
        text.prompt.close_branch(text.branch)
        if not text.prompt.branches:
            text.prompt.shrink()
            self._cache.keep(text.prompt)

    def _unload_retired(self) -> None:
        for number in list(self._retired):
            under_way = [*(text.ticket for text in self._texts.values()), *self._readings.tickets]
            with self._changed:
                used = any(ticket.order.adapter == number for ticket in [*under_way, *self._waiting])
            if not used:
                self._retired.discard(number)
                self._cache.forget(number)
                self._model.unload_adapter(number)


def _explained(error: Exception) -> OrderError:
    """What an order's caller is told when the model fails."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error):
        return FullError("there is not enough memory for so many texts at a time")
    return OrderError(f"the model failed: {type(error).__name__}: {error}")
