"""Draws the next tokens of many texts at once, each by settings of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gqr_learner.rollout.order import Sampling

BLOCK = 32
"""Neighbouring tokens of which first only the largest logit is looked at."""


@dataclass(frozen=True)
class Row:
    """How one text's next token is drawn."""

    sampling: Sampling
    number: float
    """In [0, 1), from the text's own random source: the same number draws the same token, whatever else is in the batch."""
    prompt: Sequence[int]
    text: Sequence[int]
    """Tokens drawn so far."""


def penalise(logits: torch.Tensor, rows: Sequence[Row]) -> None:
    """Applies the penalties in place."""
    for at, row in enumerate(rows):
        penalty = row.sampling.repetition_penalty
        if penalty != 1.0:
            seen = torch.tensor(sorted({*row.prompt, *row.text}), device=logits.device)
            scores = logits[at, seen]
            logits[at, seen] = torch.where(scores > 0, scores / penalty, scores * penalty)
        if row.sampling.presence_penalty != 0.0 and row.text:
            logits[at, torch.tensor(sorted(set(row.text)), device=logits.device)] -= row.sampling.presence_penalty


def draw(logits: torch.Tensor, rows: Sequence[Row]) -> list[int]:
    """One token a row.

    Args:
        logits: [rows, vocabulary], minus infinity for what is forbidden; at least one token of each row is allowed.
        rows: the settings of each row.
    """
    # Rows of one width are drawn together: sorting the whole vocabulary for all because of one would cost more than the model.
    by_width: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        width = 1 if row.sampling.temperature == 0 else row.sampling.top_k or logits.shape[1]
        by_width.setdefault(min(width, logits.shape[1]), []).append(at)
    tokens = [0] * len(rows)
    for width, places in by_width.items():
        chosen = logits if len(places) == len(rows) else logits[places]
        drawn = chosen.argmax(dim=-1).tolist() if width == 1 else _draw_from_top(chosen, width, [rows[at] for at in places])
        for at, token in zip(places, drawn, strict=True):
            tokens[at] = token
    return tokens


def _draw_from_top(logits: torch.Tensor, width: int, rows: Sequence[Row]) -> list[int]:
    """One token a row, from the `width` most probable ones."""

    def column(values: Sequence[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=logits.device).unsqueeze(1)

    best, ids = _top(logits, width)
    probabilities = (best / column([row.sampling.temperature for row in rows])).softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities
    kept = (before < column([row.sampling.top_p for row in rows])) & (
        probabilities >= column([row.sampling.min_p for row in rows]) * probabilities[:, :1]
    )
    kept[:, 0] = True
    mass = torch.where(kept, probabilities, 0.0).cumsum(dim=-1)
    wanted = column([row.number for row in rows]) * mass[:, -1:]
    # Rounding must not lead behind the last token that may be drawn.
    last = kept.int().cumsum(dim=-1).argmax(dim=-1)
    places = torch.minimum(torch.searchsorted(mass, wanted, right=True).squeeze(1), last)
    chosen: list[int] = ids.gather(1, places.unsqueeze(1)).squeeze(1).tolist()
    return chosen


def _top(logits: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `width` largest logits of each row, largest first, and their tokens.

    Of a long row they lie in those `width` blocks that have the largest maxima, which are found without sorting the row.
    """
    rows, size = logits.shape
    if size % BLOCK != 0 or size < 2 * width * BLOCK:
        return logits.topk(width, dim=-1)
    blocks = logits.view(rows, -1, BLOCK)
    chosen = blocks.amax(dim=-1).topk(width, dim=-1, sorted=False).indices
    candidates = blocks.gather(1, chosen.unsqueeze(2).expand(-1, -1, BLOCK)).flatten(1)
    best, places = candidates.topk(width, dim=-1)
    block = chosen.gather(1, places // BLOCK)
    return best, block * BLOCK + places % BLOCK


def log_probabilities(logits: torch.Tensor, tokens: Sequence[int]) -> list[float]:
    """Natural logarithm of each row's token's probability at temperature 1."""
    chosen = logits.gather(1, torch.tensor(tokens, device=logits.device).unsqueeze(1)).squeeze(1)
    values: list[float] = (chosen - logits.logsumexp(dim=-1)).tolist()
    return values
