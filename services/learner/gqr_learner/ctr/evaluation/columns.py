"""The shown queries of a span of impressions as columns, by which figures are grouped."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from gqr_learner.ctr.impressions import Impression, Impressions
from gqr_learner.ctr.metrics import Labels

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """One entry a shown query, in the order of `Impressions.labels()`; texts and days are numbered."""

    labels: Labels
    lists: Column
    prompts: Column
    """Number of the task and the user's query."""
    contexts: Column
    """Number of what was there before the query was shown: task, user's query, earlier ones of the session, list above it."""
    tasks: npt.NDArray[Any]
    positions: Column
    """From 1."""
    words: Column
    """Words of the shown query."""
    days: npt.NDArray[Any]
    """Day of the list, as yyyy-mm-dd in UTC."""
    repeated: bool
    """Whether lists are views of one list over and over, so that nothing smaller than a prompt is independent."""

    @staticmethod
    def of(impressions: Impressions, repeated: bool = False) -> "Columns":
        """Lays out the lists of a span."""
        rows = [(number, row, place) for number, row in enumerate(impressions.rows) for place in range(len(row.queries))]
        prompts: dict[tuple[str, str], int] = {}
        by_list = [prompts.setdefault((row.task, row.query), len(prompts)) for row in impressions.rows]
        contexts: dict[tuple[Any, ...], int] = {}
        days = [day_of(row.occurred_at) for row in impressions.rows]
        lists = np.array([number for number, _, _ in rows], dtype=np.int64)
        return Columns(
            impressions.labels(),
            lists,
            np.array(by_list, dtype=np.int64)[lists],
            np.array([contexts.setdefault(_before(row, place), len(contexts)) for _, row, place in rows], dtype=np.int64),
            np.array([row.task for _, row, _ in rows]),
            np.array([place + 1 for _, _, place in rows], dtype=np.int64),
            np.array([len(row.queries[place].split()) for _, row, place in rows], dtype=np.int64),
            np.array(days)[lists],
            repeated,
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def clusters(self) -> Column:
        """What is independent of one another: lists, or prompts."""
        return self.prompts if self.repeated else self.lists

    def where(self, mask: Mask) -> "Columns":
        """The entries of a mask; lists and prompts are numbered anew."""
        return Columns(
            self.labels[mask],
            renumbered(self.lists[mask]),
            renumbered(self.prompts[mask]),
            renumbered(self.contexts[mask]),
            self.tasks[mask],
            self.positions[mask],
            self.words[mask],
            self.days[mask],
            self.repeated,
        )


def _before(row: Impression, place: int) -> tuple[Any, ...]:
    return row.task, row.query, tuple(row.sources.history), tuple(row.queries[:place])


def day_of(moment: datetime) -> str:
    """Its day in UTC."""
    return moment.astimezone(UTC).date().isoformat()


def renumbered(groups: Column) -> Column:
    """The same groups, numbered from 0 without gaps."""
    numbers: Column = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return numbers
