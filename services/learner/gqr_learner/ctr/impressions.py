"""Logged impressions, and the rule that training never sees what comes later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from gqr_learner.ctr.input import NO_SOURCES, Sources
from gqr_learner.worker import LearnerError

COLUMNS = {
    "impression_id": pa.string(),
    "task_id": pa.string(),
    "occurred_at": pa.timestamp("us", tz="UTC"),
    "query": pa.string(),
    "queries": pa.list_(pa.string()),
    "clicks": pa.list_(pa.int8()),
    "traffic": pa.string(),
}
"""Columns of a Parquet file of impressions. `clicks` has a 0 or 1 for each of `queries`, which stand in order of position."""

SOURCES = {"answer": pa.string(), "history": pa.list_(pa.string()), "cooccurrence": pa.list_(pa.string())}
"""Columns that a file may lack and that may be null: what variant src reads beside the query."""


@dataclass(frozen=True)
class Impression:
    """A list that was shown, and what was clicked."""

    task: str
    occurred_at: datetime
    query: str
    queries: Sequence[str]
    clicks: Sequence[int]
    traffic: str
    sources: Sources = NO_SOURCES


@dataclass(frozen=True)
class Impressions:
    """The impressions of one span of time, by time."""

    name: str
    rows: Sequence[Impression]

    @property
    def start(self) -> datetime:
        """Moment of the first."""
        return self.rows[0].occurred_at

    @property
    def end(self) -> datetime:
        """Moment of the last."""
        return self.rows[-1].occurred_at

    def texts(self) -> Iterator[str]:
        """Every query in them, as often as it occurs."""
        for row in self.rows:
            yield row.query
            yield from row.queries

    def have_sources(self) -> bool:
        """Whether anything is known beside the query of any of them."""
        return any(row.sources.answer or row.sources.history or row.sources.cooccurrence for row in self.rows)

    def tasks(self) -> list[str]:
        """The tasks in them."""
        return sorted({row.task for row in self.rows})

    def traffic(self) -> str:
        """Whose behaviour it is: "live", "simulated" or "mixed"."""
        kinds = {row.traffic for row in self.rows}
        return kinds.pop() if len(kinds) == 1 else "mixed"

    def places(self, most: int) -> npt.NDArray[np.int64]:
        """Where in its list each query of `labels` stood, from 0 on; places after the first `most` count as the last of them."""
        return np.fromiter((min(place, most - 1) for row in self.rows for place in range(len(row.queries))), dtype=np.int64)

    def labels(self) -> npt.NDArray[np.int8]:
        """The clicks of all lists, one after the other."""
        return np.fromiter((click for row in self.rows for click in row.clicks), dtype=np.int8)


def _sources(table: pa.Table) -> list[Sources]:
    known = {name: kind for name, kind in SOURCES.items() if name in table.column_names}
    rows = table.select(list(known)).cast(pa.schema(known)).to_pylist() if known else [{}] * table.num_rows
    return [
        Sources(
            row.get("answer") or "",
            tuple(text for text in row.get("history") or () if text),
            tuple(text for text in row.get("cooccurrence") or () if text),
        )
        for row in rows
    ]


def _bad_row(row: Impression) -> str | None:
    if len(row.queries) != len(row.clicks):
        return f"has {len(row.queries)} queries and {len(row.clicks)} clicks"
    if not row.queries or None in row.queries:
        return "shows no query, or one without text"
    if not {0, 1}.issuperset(row.clicks):
        return "has a click that is neither 0 nor 1"
    return None


def read_impressions(path: Path, name: str) -> Impressions:
    """Reads the impressions of one file and checks that a predictor can be trained or judged on them.

    Raises:
        LearnerError: if the file is damaged, empty, or has only one class.
    """
    try:
        # ParquetFile, for read_table would take a folder named a=b for a partition.
        read = pq.ParquetFile(path).read()
        table = read.select(list(COLUMNS)).cast(pa.schema(COLUMNS))
        sources = _sources(read)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise LearnerError(
            f"the {name} file {path} cannot be read: {error}", f"it must be Parquet with the columns {', '.join(COLUMNS)}"
        ) from error
    if any(column.null_count > 0 for column in table.columns):
        raise LearnerError(f"the {name} file {path} has empty fields", "write every column of every row")
    columns = [table[column].to_pylist() for column in COLUMNS]
    rows = [Impression(*values) for _, *values in zip(*columns, sources, strict=True)]
    for impression_id, row in zip(columns[0], rows, strict=True):
        problem = _bad_row(row)
        if problem is not None:
            raise LearnerError(f"impression {impression_id} of the {name} data {problem}", "mend the join that wrote it")
    rows.sort(key=lambda row: row.occurred_at)
    impressions = Impressions(name, rows)
    check_classes(impressions)
    return impressions


def check_classes(impressions: Impressions) -> None:
    """There must be impressions, and among their queries clicked and unclicked ones.

    Raises:
        LearnerError: saying which are missing.
    """
    name = impressions.name
    if not impressions.rows:
        raise LearnerError(f"there are no {name} impressions", "take a longer span of time, or log more impressions first")
    clicks = int(impressions.labels().sum())
    shown = len(impressions.labels())
    if clicks in (0, shown):
        what = "no shown query was clicked" if clicks == 0 else "every shown query was clicked"
        raise LearnerError(
            f"nothing can be learnt or measured on the {name} data: {what} ({shown} queries)",
            "take a longer span of time, or check that clicks are joined to their impressions",
        )


def check_order(*spans: Impressions) -> None:
    """Each span must lie after the one before it: a predictor is judged on days that it has not seen.

    Raises:
        LearnerError: naming the spans that overlap.
    """
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise LearnerError(
                f"{later.name} begins at {_moment(later.start)}, before {earlier.name} ends at {_moment(earlier.end)}",
                "split by time, never at random: train, then validation, then test",
            )


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")
