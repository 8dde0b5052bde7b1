"""Keys and values of prompts, which all texts behind a prompt share, and of the texts behind them."""

from collections import OrderedDict
from dataclasses import dataclass, field

import torch

MAX_BRANCHES = 16
"""Texts that share a prompt's columns. Each looks past those of the others, which in the end costs more than a copy."""


@dataclass(eq=False)
class Branch:
    """A text behind a prompt: which of the prompt's columns it sees."""

    row: int
    """Its row in `Prompt.visible`."""
    length: int = 0
    """Tokens of the text whose keys are known."""


@dataclass(eq=False)
class Prompt:
    """A prompt's keys and values, and those of the texts behind it.

    Columns come in the order in which they were computed: first the prompt's tokens, then, step by step, one for each text. A text
    sees the prompt's columns and its own, so one multiplication serves all texts of a prompt and reads the prompt once.
    """

    tokens: tuple[int, ...]
    adapter: int | None
    keys: torch.Tensor
    """[layers, heads, capacity, width]; so are the values."""
    values: torch.Tensor
    columns: int = 0
    """Columns that are filled."""
    logits: torch.Tensor | None = None
    """Of the token behind the prompt, [vocabulary]; None until the prompt is evaluated."""
    logprobs: list[float] | None = None
    """Of the prompt's tokens up to `columns`, where they were asked for."""
    visible: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0, dtype=torch.bool))
    """[texts, capacity]: which columns a text sees."""
    branches: list[Branch] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Tokens of the prompt."""
        return len(self.tokens)

    def reserve(self, columns: int) -> None:
        """Makes room for `columns` in all."""
        capacity = self.keys.shape[2]
        if columns <= capacity:
            return
        grown = max(columns, capacity * 3 // 2)
        self.keys, self.values = (_grown(kept, 2, grown, self.columns) for kept in (self.keys, self.values))
        self.visible = _grown(self.visible, 1, grown, self.columns)

    def open_branch(self) -> Branch:
        """A new text behind the prompt."""
        row = torch.zeros(1, self.keys.shape[2], dtype=torch.bool, device=self.keys.device)
        row[:, : self.size] = True
        self.visible = row if not self.branches else torch.cat([self.visible, row])
        branch = Branch(row=len(self.branches))
        self.branches.append(branch)
        return branch

    def close_branch(self, branch: Branch) -> None:
        """Forgets a text; with the last one, all columns but the prompt's."""
        keep = [other.row for other in self.branches if other is not branch]
        self.branches.remove(branch)
        self.visible = self.visible[keep]
        for row, other in enumerate(self.branches):
            other.row = row
        if not self.branches:
            self.columns = self.size

    def shrink(self) -> None:
        """Gives back the room behind the prompt, once no text is left."""
        self.keys, self.values = (kept[:, :, : self.size].clone() for kept in (self.keys, self.values))


def _grown(kept: torch.Tensor, axis: int, size: int, filled: int) -> torch.Tensor:
    """A larger copy of a tensor, of which the first `filled` entries along `axis` matter."""
    shape = list(kept.shape)
    shape[axis] = size
    grown = kept.new_empty(shape)
    grown.narrow(axis, 0, filled).copy_(kept.narrow(axis, 0, filled))
    return grown


class PromptCache:
    """Prompts that nobody uses just now, those used last up to a number of tokens."""

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._kept: OrderedDict[tuple[int | None, tuple[int, ...]], Prompt] = OrderedDict()

    @property
    def tokens(self) -> int:
        """Tokens that are kept."""
        return sum(prompt.size for prompt in self._kept.values())

    def take(self, adapter: int | None, tokens: tuple[int, ...], with_logprobs: bool) -> Prompt | None:
        """Takes out the very prompt, if it is there."""
        kept = self._kept.get((adapter, tokens))
        if kept is None or (with_logprobs and kept.logprobs is None):
            return None
        return self._kept.pop((adapter, tokens))

    def keep(self, prompt: Prompt) -> None:
        """Keeps a prompt without texts behind it; those used least recently make way."""
        self._kept[(prompt.adapter, prompt.tokens)] = prompt
        self._kept.move_to_end((prompt.adapter, prompt.tokens))
        held = self.tokens
        while held > self._max_tokens:
            _, dropped = self._kept.popitem(last=False)
            held -= dropped.size

    def prompts(self) -> list[Prompt]:
        """What is kept."""
        return list(self._kept.values())

    def forget(self, adapter: int | None) -> None:
        """Drops the prompts of an adapter."""
        for key in [key for key in self._kept if key[0] == adapter]:
            del self._kept[key]

    def clear(self) -> None:
        """Drops everything."""
        self._kept.clear()


def common_length(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """Tokens that two texts begin with in common."""
    least = min(len(a), len(b))
    if a[:least] == b[:least]:
        return least
    return next(at for at in range(least) if a[at] != b[at])
