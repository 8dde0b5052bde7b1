"""Position bias: how much less a place of a list is looked at than the first, estimated from the log alone.

A position-based click model, P(click at place k) = examination of (task, k) x attractiveness of (user's query, shown query). Pairs
of queries that the log happens to show at several places tell the first factor from the second (intervention harvesting: Joachims
et al. 2017, Agarwal et al. 2019); no slot has to be randomised.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from gqr_learner.ctr.impressions import Impressions
from gqr_learner.ctr.input import InputBuilder
from gqr_learner.worker import LearnerError

Curve = npt.NDArray[np.float64]
"""Examination by place, float64 [places]; the first is 1. A place may be above the one before it."""

LEAST_PAIRS = 100
"""Clicked pairs at several places of which a task needs so many: with a third of them at each of three places, a value is known to
about a quarter of itself."""

SMOOTHING = 5.0
"""Clicks at the mean of the curve that are added to those of each place: what few clicks cannot tell is not corrected."""

ROUNDS = 500
TOLERANCE = 1e-7
"""Estimation ends when no value changes by more than this share, or after ROUNDS."""


@dataclass(frozen=True)
class TaskExamination:
    """The curve of one task, and what it rests on."""

    curve: Curve
    """All 1 where it could not be estimated."""
    pairs: int
    """Pairs of user's and shown query at more than one place."""
    clicked_pairs: int
    """Those of them with a click; the others say nothing about places."""
    clicks: npt.NDArray[np.int64]
    """Clicks of those pairs by place, [places]."""
    shown: npt.NDArray[np.int64]
    """How often the task showed anything at each place, [places]."""
    reason: str | None
    """Why there is no correction; None if there is one."""

    def to_json(self) -> dict[str, Any]:
        """For the metrics."""
        places = int(np.flatnonzero(self.shown)[-1]) + 1
        return {
            "corrected": self.reason is None,
            **({} if self.reason is None else {"reason": self.reason}),
            "curve": [round(value, 4) for value in self.curve[:places].tolist()],
            "clicks": self.clicks[:places].tolist(),
            "pairs": self.pairs,
            "clickedPairs": self.clicked_pairs,
        }


def estimate_examination(impressions: Impressions, places: int) -> dict[str, TaskExamination]:
    """The examination of each task in a log. Places from the last of `places` on are taken for one."""
    shown: defaultdict[str, npt.NDArray[np.int64]] = defaultdict(lambda: np.zeros(places, dtype=np.int64))
    counts: defaultdict[str, defaultdict[tuple[str, str], npt.NDArray[np.int64]]]
    counts = defaultdict(lambda: defaultdict(lambda: np.zeros((2, places), dtype=np.int64)))
    for row in impressions.rows:
        for number, (query, click) in enumerate(zip(row.queries, row.clicks, strict=True)):
            place = min(number, places - 1)
            shown[row.task][place] += 1
            counts[row.task][_alike(row.query), _alike(query)][:, place] += (1, click)
    return {task: _examination(np.array(list(pairs.values())), shown[task]) for task, pairs in counts.items()}


def _alike(text: str) -> str:
    return " ".join(text.casefold().split())


def _examination(counts: npt.NDArray[np.int64], shown: npt.NDArray[np.int64]) -> TaskExamination:
    """Of one task; counts are int64 [pairs, 2, places], times shown and times clicked."""
    moved = counts[(counts[:, 0] > 0).sum(1) > 1]
    telling = moved[moved[:, 1].sum(1) > 0]
    clicks = telling[:, 1].sum(0)
    known = _compared_with_first(telling[:, 0] > 0)
    reason = None
    if (shown > 0).sum() < 2:
        reason = "its lists have one place"
    elif len(telling) < LEAST_PAIRS:
        reason = f"{len(telling)} clicked pairs of queries occur at several places; {LEAST_PAIRS} are needed"
    elif known.sum() < 2 or clicks[0] == 0:
        reason = "no pair of queries that occurs elsewhere too was clicked at the first place"
    curve = np.ones(len(shown))
    if reason is None:
        inside = telling[telling[:, 0, known].any(1)]
        curve[known] = position_curve(inside[:, 0, known], inside[:, 1, known])
        # What no pair compares with the first place is taken for as far from it as the place before.
        for place in np.flatnonzero(~known):
            curve[place] = curve[place - 1]
    return TaskExamination(curve, len(moved), len(telling), clicks, shown, reason)


def _compared_with_first(at: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Places that pairs compare with the first, if only by way of other places; `at` is bool [pairs, places]."""
    together = at.T.astype(np.int64) @ at.astype(np.int64) > 0
    known = np.zeros(at.shape[1], dtype=bool)
    known[0] = True
    for _ in range(len(known)):
        known |= together[known].any(0)
    return known


def position_curve(shown: npt.NDArray[np.int64], clicked: npt.NDArray[np.int64], smoothing: float = SMOOTHING) -> Curve:
    """The curve under which clicks at places are most probable, by turns with the attractiveness of each pair.

    Arguments are [pairs, places]. The usual expectation maximisation takes a click for a Bernoulli variable, and is then off even
    in an endless log if each pair is shown a few times only, as there is one more attractiveness for every few views. Here each
    step takes counts for Poisson variables: its equations, clicks = sum over views of examination x attractiveness, by pair and by
    place, hold on average for any click rate and any number of views a pair.
    """
    curve = np.ones(shown.shape[1])
    clicks, by_pair = clicked.sum(0), clicked.sum(1)
    for _ in range(ROUNDS):
        attractiveness = by_pair / (shown @ curve)
        expected = attractiveness @ shown
        level = clicks.sum() / expected.sum()
        improved = (clicks + smoothing * level) / (expected + smoothing)
        improved = improved * (clicks.sum() / (improved @ expected))
        change = float(np.abs(improved / curve - 1).max())
        curve = improved
        if change < TOLERANCE:
            break
    curve /= curve[0]
    return curve


def table_of(
    curves: Mapping[str, TaskExamination], tasks: Mapping[str, int], rows: int, before: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Examination by task id and place, float64 [rows, places], none above 1.

    A curve that rises above its first place is divided by its largest value, which is the same model with attractiveness in
    another unit. A task that the log did not have keeps the row of `before`, a parent's table, or has that of the unknown task:
    the mean of the others, weighted by what was shown.
    """
    scaled = {task: each.curve / each.curve.max() for task, each in curves.items()}
    weights = np.array([curves[task].shown.sum() for task in scaled], dtype=np.float64)
    table = np.tile(np.average(np.array(list(scaled.values())), axis=0, weights=weights), (rows, 1))
    if before is not None:
        table[1 : len(before)] = before[1:rows]
    for task, curve in scaled.items():
        table[tasks[task]] = curve
    return table


def anywhere(
    table: npt.NDArray[np.float64],
    tasks: npt.NDArray[np.int32],
    seen: npt.NDArray[np.float64],
    attractiveness: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """The table for a predictor that is not told the place: by task one value for all places, with which its level is right.

    That is the mean of what was `seen` of some instances, weighted by their attractiveness; all are [instances]. A task without
    instances has that of all of them.
    """

    def mean(chosen: npt.NDArray[np.bool_]) -> float:
        return float(np.average(seen[chosen], weights=attractiveness[chosen]))

    together = mean(np.ones(len(tasks), dtype=bool))
    levels = [mean(tasks == task) if (tasks == task).any() else together for task in range(len(table))]
    return np.repeat(np.array(levels)[:, None], table.shape[1], axis=1)


def marks_of(builder: InputBuilder, places: int) -> torch.Tensor:
    """By which tokens the end of an input in variant pid tells its place, as `CtrModel.examine` takes them.

    Raises:
        LearnerError: if the tokenizer has the same tokens for two places.
    """
    marks = [builder.mark(place) for place in range(1, places + 1)]
    if any(a[-len(b) :] == b for a in marks for b in marks if a is not b):
        raise LearnerError(
            "positionBias is examination, but the tokenizer does not tell the positions of variant pid apart",
            "set variant to ctx, or train the tokenizer on more texts: digits and _ must occur in them",
        )
    width = max(len(mark) for mark in marks)
    return torch.tensor([[-1] * (width - len(mark)) + mark for mark in marks])
