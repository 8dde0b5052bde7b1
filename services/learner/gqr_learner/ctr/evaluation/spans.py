"""Spans of impressions with what only evaluation knows of them, and how one log is parted by time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gqr_learner.ctr.evaluation.truth import Truth
from gqr_learner.ctr.impressions import Impression, Impressions, check_classes
from gqr_learner.worker import LearnerError


@dataclass(frozen=True)
class Shown:
    """An impression with its id."""

    id: str
    impression: Impression


@dataclass(frozen=True)
class Span:
    """A span with the ids of its impressions, in the order of its rows."""

    impressions: Impressions
    ids: Sequence[str]

    @staticmethod
    def of(name: str, shown: Sequence[Shown]) -> "Span":
        """Puts impressions in order of time. Raises LearnerError if there are none, or only clicked or only unclicked queries."""
        ordered = sorted(shown, key=lambda each: (each.impression.occurred_at, each.id))
        impressions = Impressions(name, [each.impression for each in ordered])
        check_classes(impressions)
        return Span(impressions, [each.id for each in ordered])


@dataclass(frozen=True)
class Panel:
    """Situations with several candidates each, an impression of one query a candidate; nothing was clicked. For judging only."""

    impressions: Impressions
    ids: Sequence[str]
    truth: Truth
    """Of every impression, by its id."""


@dataclass(frozen=True)
class Log:
    """What a predictor is trained, stopped and judged on."""

    train: Span
    validation: Span
    test: Span
    truth: Truth | None
    """True click probabilities of test impressions; read by nothing but evaluation."""
    repeated: bool
    """Whether lists are views of one list over and over."""
    notes: Mapping[str, Any]
    """How labels were made, for the report."""
    panel: "Panel | None" = None

    def of_task(self, task: str) -> "Log":
        """The same log with one task only."""

        def part(span: Span) -> Span:
            rows = zip(span.ids, span.impressions.rows, strict=True)
            return Span.of(span.impressions.name, [Shown(name, row) for name, row in rows if row.task == task])

        return replace(self, train=part(self.train), validation=part(self.validation), test=part(self.test))


def split_off_end(shown: Sequence[Shown], share: float) -> tuple[list[Shown], list[Shown]]:
    """All but the last `share` of impressions by time, and those; impressions of one moment stay together."""
    ordered = sorted(shown, key=lambda each: each.impression.occurred_at)
    if not ordered:
        return [], []
    moment = ordered[min(len(ordered) - 1, int(len(ordered) * (1 - share)))].impression.occurred_at
    earlier = [each for each in ordered if each.impression.occurred_at < moment]
    if not earlier:
        raise LearnerError(
            "the log cannot be parted by time: too many of its impressions are of one moment",
            "take a log over several days, or name the files of each span",
        )
    return earlier, ordered[len(earlier) :]
