"""Texts that must match a regular expression or a grammar, held token by token by llguidance, one of those that vLLM uses."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal

import llguidance
import llguidance.numpy
import numpy as np
import torch
from numpy.typing import NDArray

KEPT = 256
"""Grammars that are kept compiled. A task has one for each of its lines' places."""

LINE = r"(?: ?[^ \x00-\x1f\x7f-\x9f|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]){1,12}"
"""What the inside of a query looks like to the grammar of the generation service. Where a grammar takes all that this does, which
tokens those are is known beforehand, and a mask costs a tenth. Of no effect on what is allowed."""


class GrammarError(Exception):
    """The grammar cannot be compiled; the message says why."""


class Constraint:
    """Where one text stands in its grammar."""

    def __init__(self, matcher: Any, vocabulary: int) -> None:
        self._matcher = matcher
        self._bits = np.full((1, words_of(vocabulary)), -1, dtype=np.int32)
        self._look()

    @property
    def bits(self) -> "NDArray[np.int32]":
        """Bit t of word t // 32 says whether token t may come next."""
        row: NDArray[np.int32] = self._bits[0]
        return row

    @property
    def dead(self) -> bool:
        """Whether no token may come next."""
        return not self._bits.any()

    def only(self) -> int | None:
        """The token that must come next, if just one may."""
        words = self.bits.view(np.uint32)
        used = np.flatnonzero(words)
        if len(used) != 1:
            return None
        word = int(words[used[0]])
        return int(used[0]) * 32 + word.bit_length() - 1 if word & (word - 1) == 0 else None

    def advance(self, token: int) -> None:
        """Appends a token that may come next."""
        self._matcher.consume_token(token)
        self._look()

    def _look(self) -> None:
        llguidance.numpy.fill_next_token_bitmask(self._matcher, self._bits, 0)
        if self._matcher.is_error():
            self._bits.fill(0)


class Grammar:
    """A compiled grammar."""

    def __init__(self, matcher: Any, vocabulary: int) -> None:
        self._matcher = matcher
        self.vocabulary = vocabulary

    def begin(self) -> Constraint:
        """The constraint of a new text."""
        return Constraint(self._matcher.deep_copy(), self.vocabulary)


class Grammars:
    """Compiles grammars for one tokenizer; those used last are kept. May be used from several threads."""

    def __init__(self, tokenizer: Any, vocabulary: int, end: int) -> None:
        self._tokenizer = llguidance.LLTokenizer(
            tokenizer.backend_tokenizer.to_str(), n_vocab=vocabulary, eos_token=end, slices=[LINE]
        )
        self.vocabulary = vocabulary
        self._known: OrderedDict[tuple[str, str], Grammar] = OrderedDict()
        self._lock = threading.Lock()

    def regex(self, pattern: str) -> Grammar:
        """A regular expression that the whole text matches. Raises GrammarError."""
        return self._compile("regex", pattern)

    def context_free(self, text: str) -> Grammar:
        """A grammar in GBNF, from its rule "root", or in Lark's syntax. Raises GrammarError."""
        return self._compile("grammar", text)

    def _compile(self, kind: Literal["regex", "grammar"], text: str) -> Grammar:
        with self._lock:
            key = (kind, text)
            grammar = self._known.get(key)
            if grammar is None:
                grammar = self._known[key] = Grammar(self._matcher(kind, text), self.vocabulary)
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return grammar

    def _matcher(self, kind: Literal["regex", "grammar"], text: str) -> Any:
        try:
            matcher = llguidance.LLMatcher(self._tokenizer, llguidance.grammar_from(kind, text), log_level=0)
        except (ValueError, TypeError) as error:
            raise GrammarError(str(error)) from error
        if matcher.is_error():
            raise GrammarError(matcher.get_error().splitlines()[0])
        return matcher


def words_of(vocabulary: int) -> int:
    """Words of 32 bits that hold a bit a token."""
    return (vocabulary + 31) // 32


def forbid(logits: torch.Tensor, constraints: Sequence[Constraint | None]) -> None:
    """Sets the logits [texts, vocabulary] of what the texts' constraints do not allow to minus infinity, in place.

    A text without a constraint, or in a dead end, is left as it is.
    """
    bits = np.zeros((len(constraints), words_of(logits.shape[1])), dtype=np.int32)
    for row, constraint in enumerate(constraints):
        if constraint is not None and not constraint.dead:
            np.invert(constraint.bits, out=bits[row])
    forbidden = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little", count=logits.shape[1])
    logits.masked_fill_(torch.from_numpy(forbidden.view(np.bool_)).to(logits.device), float("-inf"))
