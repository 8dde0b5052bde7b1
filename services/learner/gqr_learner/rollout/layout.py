"""Tokens of texts and of prompts that are evaluated together, and which keys and values each of them sees."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import AttentionInterface

from gqr_learner.rollout.prompt_cache import Prompt

ATTENTION = "gqr_shared_prompt"


@dataclass(frozen=True)
class Part:
    """New columns of one prompt: the next of its own tokens, or a token of each of its texts."""

    prompt: Prompt
    rows: slice
    """Which tokens of the evaluation they are."""
    to: int
    """Columns of the prompt with them."""
    mask: torch.Tensor
    """[query heads a key head * tokens, columns]: 0 where a token sees a column, else minus infinity."""


class Layout:
    """The tokens of one evaluation, part by part in one row. It stands in for transformers' cache and for its attention."""

    def __init__(self, heads_a_key: int, dtype: torch.dtype) -> None:
        self.positions: list[int] = []
        self._heads_a_key = heads_a_key
        self._dtype = dtype
        self._parts: list[Part] = []

    def add_texts(self, prompt: Prompt) -> None:
        """One token of each text behind a prompt, each of which sees the prompt and its own text."""
        first, to = prompt.columns, prompt.columns + len(prompt.branches)
        prompt.reserve(to)
        own = torch.arange(to - first, device=prompt.keys.device)
        prompt.visible[:, first:to] = False
        prompt.visible[own, first + own] = True
        self._add(prompt, prompt.visible[:, :to])
        self.positions += [prompt.size + branch.length for branch in prompt.branches]

    def add_chunk(self, prompt: Prompt, count: int) -> None:
        """The next `count` tokens of a prompt, each of which sees all before it."""
        first, to = prompt.columns, prompt.columns + count
        columns = torch.arange(to, device=prompt.keys.device)
        self._add(prompt, columns.unsqueeze(0) <= columns[first:].unsqueeze(1))
        self.positions += range(first, to)

    def _add(self, prompt: Prompt, seen: torch.Tensor) -> None:
        count, to = seen.shape
        mask = torch.zeros(seen.shape, dtype=self._dtype, device=seen.device).masked_fill_(~seen, float("-inf"))
        at = len(self.positions)
        self._parts.append(Part(prompt, slice(at, at + count), to, mask.repeat(self._heads_a_key, 1)))

    def update(self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Stores the keys and values [1, heads, tokens, width] of a layer. Part of transformers' Cache that its models call."""
        for part in self._parts:
            prompt, to = part.prompt, part.to
            prompt.keys[layer, :, prompt.columns : to] = keys[0, :, part.rows]
            prompt.values[layer, :, prompt.columns : to] = values[0, :, part.rows]
        return keys, values

    def attend(self, layer: int, queries: torch.Tensor, scale: float) -> torch.Tensor:
        """Queries [1, heads, tokens, width] to outputs [1, tokens, heads, width].

        The query heads that share a key head, and the tokens of a part, are queries to one and the same keys.
        """
        _, heads, tokens, width = queries.shape
        outputs = queries.new_empty(tokens, heads, width)
        for part in self._parts:
            keys, values = part.prompt.keys[layer, :, : part.to], part.prompt.values[layer, :, : part.to]
            mixed = torch.nn.functional.scaled_dot_product_attention(
                queries[0, :, part.rows].reshape(1, len(keys), -1, width),
                keys.unsqueeze(0),
                values.unsqueeze(0),
                attn_mask=part.mask,
                scale=scale,
            )
            outputs[part.rows] = mixed.view(heads, -1, width).transpose(0, 1)
        return outputs.unsqueeze(0)

    def advance(self) -> None:
        """Counts the columns that were filled."""
        for part in self._parts:
            if part.prompt.columns >= part.prompt.size:
                for branch in part.prompt.branches:
                    branch.length += 1
            part.prompt.columns = part.to


def _attend(
    module: Any,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: Any,
    *,
    scaling: float,
    layout: Layout,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """The attention that transformers' models call; `layout` says who sees what."""
    return layout.attend(module.layer_idx, queries, scaling), None


AttentionInterface.register(ATTENTION, _attend)
