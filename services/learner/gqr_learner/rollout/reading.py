"""The prompts that are being read: which of their tokens come next, and what they take over from prompts that are known."""

from collections.abc import Sequence
from dataclasses import dataclass

from gqr_learner.rollout.language_model import LanguageModel
from gqr_learner.rollout.order import Ticket
from gqr_learner.rollout.prompt_cache import MAX_BRANCHES, Prompt, PromptCache, common_length

CHUNK = 256
"""Tokens of prompts that are read in a step: enough for a busy processor, few enough to notice soon that nobody waits."""

WORTH_WAITING = 32
"""Tokens that a prompt must have in common with one before it, beyond what is known, to wait until that one is read."""


@dataclass(eq=False)
class Reading:
    """A prompt that is being read, or is about to be, and the orders that wait for it."""

    tickets: list[Ticket]
    prompt: Prompt | None = None

    @property
    def tokens(self) -> tuple[int, ...]:
        """Those of the prompt."""
        return self.tickets[0].order.prompt

    @property
    def adapter(self) -> int | None:
        """The adapter under which it is read."""
        return self.tickets[0].order.adapter

    def could_take(self, tickets: Sequence[Ticket]) -> bool:
        """Whether more orders, which have one prompt, may wait for it."""
        order = tickets[0].order
        fits = len(self.tickets) + len(tickets) <= MAX_BRANCHES
        scored = self.prompt is None or self.prompt.logprobs is not None or not wants_logprobs(tickets)
        return fits and scored and (self.adapter, self.tokens) == (order.adapter, order.prompt)


class Readings:
    """Reads prompts side by side, a chunk a step."""

    def __init__(self, model: LanguageModel, cache: PromptCache) -> None:
        self._model = model
        self._cache = cache
        self._readings: list[Reading] = []

    @property
    def tickets(self) -> list[Ticket]:
        """The orders that wait for a prompt."""
        return [ticket for reading in self._readings for ticket in reading.tickets]

    def add(self, tickets: list[Ticket]) -> None:
        """Takes orders that have one prompt."""
        for reading in self._readings:
            if reading.could_take(tickets):
                reading.tickets += tickets
                return
        self._readings.append(Reading(tickets))

    def drop(self, tickets: Sequence[Ticket]) -> None:
        """Forgets orders, and prompts for which nobody waits any more."""
        dropped = set(map(id, tickets))
        readings, self._readings = self._readings, []
        for reading in readings:
            left = [ticket for ticket in reading.tickets if id(ticket) not in dropped]
            if left:
                reading.tickets = left
                self._readings.append(reading)

    def next(self, running: Sequence[Prompt]) -> list[tuple[Prompt, int]]:
        """The prompts to read on in, and by how many tokens. `running` are known besides those of the cache."""
        chunks: list[tuple[Prompt, int]] = []
        room = CHUNK
        for at, reading in enumerate(self._readings):
            if room == 0:
                break
            if reading.prompt is None:
                reading.prompt = self._begun(reading, self._readings[:at], [*running, *self._cache.prompts()])
            if reading.prompt is not None:
                count = min(room, reading.prompt.size - reading.prompt.columns)
                chunks.append((reading.prompt, count))
                room -= count
        return chunks

    def take_complete(self) -> list[tuple[Prompt, list[Ticket]]]:
        """Takes out what was read to its end."""
        complete = [
            (reading.prompt, reading.tickets)
            for reading in self._readings
            if reading.prompt is not None and reading.prompt.logits is not None
        ]
        self._readings = [reading for reading in self._readings if reading.prompt is None or reading.prompt.logits is None]
        return complete

    def _begun(self, reading: Reading, before: Sequence[Reading], known: Sequence[Prompt]) -> Prompt | None:
        """The new prompt with what it has in common with one that is known; None if it should wait for one of those before it."""
        tokens = reading.tokens
        scored = wants_logprobs(reading.tickets)
        best, common = None, 0
        for other in known:
            if other.adapter == reading.adapter and not (scored and other.logprobs is None):
                shared = common_length(tokens, other.tokens)
                if shared > common:
                    best, common = other, shared
        worth = common + WORTH_WAITING
        if any(other.adapter == reading.adapter and common_length(tokens, other.tokens) >= worth for other in before):
            return None
        # The last token is evaluated anew, for the logits behind it; with log-probabilities, the last one in common too.
        reused = max(0, min(common, len(tokens) - 1) - (1 if scored else 0))
        prompt = self._model.new_prompt(tokens, reading.adapter, best, reused)
        if scored:
            before_it = best.logprobs if best is not None else None
            prompt.logprobs = [0.0] if before_it is None or reused == 0 else before_it[: reused + 1]
        return prompt


def wants_logprobs(tickets: Sequence[Ticket]) -> bool:
    """Whether one of some orders asks for the prompt's log-probabilities."""
    return any(ticket.order.prompt_logprobs for ticket in tickets)
