"""Reads clarification panes of MIMICS-Click, MIMICS-ClickExplore and MIMICS-Duo, which have click rates and no clicks.

A pane has an engagement level from 0, nobody ever clicked it, to 10, and for each option its share of the pane's clicks. The levels
are tenths of the panes by click rate, not rates: their order is real, their distance is not known. They are read as tenths of a
rate, so that an option's rate is level / 10 x share. Where only the order within a pane counts, that choice changes nothing.

Labels are made of rates by showing each pane `views` times, at most one option clicked each time, with as many clicks for an option
as its rate gives, up to rounding (systematic sampling, one random start a pane). Ten views of a pane of level 6 have six clicks.
Rates themselves are the truth to which predictions are compared. A pane's impression level is not used: each pane counts once.

There are no times. Spans are told apart by the files, or by the query within one; Eq. 9 gets random sets of queries for its days.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from gqr_learner.ctr.evaluation.events import SHOWN_FAULTS
from gqr_learner.ctr.evaluation.lines import numbered_lines
from gqr_learner.ctr.evaluation.spans import Shown
from gqr_learner.ctr.impressions import Impression
from gqr_learner.worker import LearnerError

TASK = "clarification"
OPTIONS = 5
LEVELS = 10
SETS = 7
"""Sets of queries that stand for days in Eq. 9."""
COLUMNS = (
    "query",
    *(f"option_{at}" for at in range(1, OPTIONS + 1)),
    "engagement_level",
    *(f"option_cctr_{at}" for at in range(1, OPTIONS + 1)),
)
BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
"""Moment that stands for "training" where there are no times."""
SPAN_DAYS = {"train": 0, "validation": 100, "test": 200}
"""First day of a span after `BEGIN`."""


@dataclass(frozen=True)
class Pane:
    """A query with its options and the click rate of each, in [0, 1]."""

    id: str
    query: str
    options: tuple[str, ...]
    rates: tuple[float, ...]


class _FaultyPane(Exception):
    """What is wrong with a row, and what to do."""


def read_panes(path: Path, on_line: Callable[[], None]) -> list[Pane]:
    """Reads a TSV file of panes.

    Raises:
        LearnerError: naming the line of what is no pane, or the columns that the file lacks. Nothing faulty is passed over.
    """
    lines = numbered_lines(path)
    _, head = next(lines, (0, ""))
    names = _cells(head)
    lacks = [column for column in COLUMNS if column not in names]
    if lacks:
        raise LearnerError(
            f"{path} is no file of clicks in the format of MIMICS: it lacks the columns {', '.join(lacks)}",
            "take MIMICS-Click.tsv, MIMICS-ClickExplore.tsv or MIMICS-Duo's Mimics-ClickExploreSampling.tsv",
        )
    panes, faults = [], []
    for number, line in lines:
        on_line()
        try:
            panes.append(_pane(f"{path.name}:{number}", names, _cells(line)))
        except _FaultyPane as fault:
            faults.append(f"{path}:{number}: {fault}")
    if faults:
        more = f" (and {len(faults) - SHOWN_FAULTS} more lines)" if len(faults) > SHOWN_FAULTS else ""
        raise LearnerError("; ".join(faults[:SHOWN_FAULTS]) + more, "correct or remove these lines")
    if not panes:
        raise LearnerError(f"{path} has no pane", "it has a header alone; give a file with rows")
    return panes


def _cells(line: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter="\t"), [])


def _pane(name: str, names: Sequence[str], cells: Sequence[str]) -> Pane:
    if len(cells) != len(names):
        raise _FaultyPane(f"has {len(cells)} cells and the header {len(names)}; tabs part cells and stand in no text")
    row = dict(zip(names, cells, strict=True))
    query = row["query"].strip()
    options = [row[f"option_{at}"].strip() for at in range(1, OPTIONS + 1)]
    count = sum(1 for option in options if option)
    if not query or count == 0 or not all(options[:count]):
        raise _FaultyPane("query or options are empty; a pane has a query and options without a gap between them")
    level = _number(row["engagement_level"], "engagement_level", LEVELS)
    if level != int(level):
        raise _FaultyPane(f"engagement_level is {level}; levels are whole, from 0 to {LEVELS}")
    shares = [_number(row[f"option_cctr_{at}"] or "0", f"option_cctr_{at}", 1) for at in range(1, OPTIONS + 1)]
    total = sum(shares)
    if any(shares[count:]) or (level > 0) != (total > 0) or (total > 0 and abs(total - 1) > 0.01):
        raise _FaultyPane(
            f"conditional click rates sum to {total:.3f} at engagement level {level:.0f}; they are shares of the clicks on"
            " the options that there are: 1 in all, or 0 where nobody clicked"
        )
    return Pane(name, query, tuple(options[:count]), tuple(level / LEVELS * share for share in shares[:count]))


def _number(text: str, column: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not 0 <= value <= most:
        raise _FaultyPane(f"{column} is {text!r}; it is a number from 0 to {most:g}")
    return value


def part_of(query: str, parts: int, salt: str) -> int:
    """Puts a query into one of `parts` parts, at random but always the same."""
    return int.from_bytes(hashlib.sha256(f"{salt}\0{query}".encode()).digest()[:8], "big") % parts


def show(panes: Sequence[Pane], span: str, views: int, seed: int) -> list[Shown]:
    """The lists of a span: each pane `views` times, with the clicks that its rates give."""
    rng = np.random.default_rng([seed, SPAN_DAYS[span]])
    shown = []
    for pane in panes:
        moment = BEGIN + timedelta(days=SPAN_DAYS[span] + part_of(pane.query, SETS, "day"))
        shown += [
            Shown(pane.id, Impression(TASK, moment, pane.query, pane.options, clicks, "live"))
            for clicks in _clicks(pane.rates, views, rng)
        ]
    return shown


def _clicks(rates: Sequence[float], views: int, rng: np.random.Generator) -> list[list[int]]:
    """Which option was clicked in each view.

    The first of the shares laid end to end is "none", so that with ten views the clicks of a pane are exactly its level.
    """
    ends = np.cumsum([1 - sum(rates), *rates]) * views
    points = rng.random() + np.arange(views)
    chosen = np.minimum(np.searchsorted(np.round(ends, 9), points, side="right"), len(rates))
    return [[1 if option == at else 0 for at in range(1, len(rates) + 1)] for option in chosen]


def rates_by_id(panes: Sequence[Pane]) -> dict[str, Sequence[float]]:
    """Click rates as the truth of the lists of `show`."""
    return {pane.id: pane.rates for pane in panes}
