from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gqr_learner.ctr.impressions import Impression, check_order, read_impressions
from gqr_learner.ctr.input import NO_SOURCES, Sources
from gqr_learner.ctr.synthetic import write_parquet
from gqr_learner.worker import LearnerError

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def impression(**changes: Any) -> Impression:
    values = {"task": "hint", "occurred_at": BEGIN, "query": "q", "queries": ["a", "b"], "clicks": [0, 1], "traffic": "live"}
    return Impression(**{**values, **changes})


def read(tmp_path: Path, *rows: Impression) -> Any:
    write_parquet(rows, tmp_path / "train.parquet")
    return read_impressions(tmp_path / "train.parquet", "train")


def test_reads_impressions_by_time(tmp_path: Path) -> None:
    later = impression(occurred_at=BEGIN + timedelta(days=1), traffic="simulated", task="suggestion")
    impressions = read(tmp_path, later, impression())
    assert [row.occurred_at for row in impressions.rows] == [BEGIN, later.occurred_at]
    assert impressions.labels().tolist() == [0, 1, 0, 1]
    assert (impressions.tasks(), impressions.traffic()) == (["hint", "suggestion"], "mixed")
    assert list(impressions.texts()) == ["q", "a", "b"] * 2


def test_reads_sources_where_a_file_has_them(tmp_path: Path) -> None:
    known = Sources("an answer", ("earlier",), ("also asked", ""))
    impressions = read(tmp_path, impression(sources=known), impression())
    assert impressions.rows[0].sources == Sources("an answer", ("earlier",), ("also asked",))
    assert impressions.rows[1].sources == NO_SOURCES
    assert impressions.have_sources()
    table = pq.read_table(tmp_path / "train.parquet").drop_columns(["answer", "history", "cooccurrence"])
    pq.write_table(table, tmp_path / "old.parquet")
    assert not read_impressions(tmp_path / "old.parquet", "train").have_sources()


def test_reads_what_duckdb_writes(tmp_path: Path) -> None:
    # Timestamps without a zone, in UTC, and wider integers.
    columns = {
        "impression_id": ["i"],
        "task_id": ["hint"],
        "occurred_at": pa.array([datetime(2026, 11, 1)], pa.timestamp("us")),
        "query": ["q"],
        "queries": [["a", "b"]],
        "clicks": pa.array([[0, 1]], pa.list_(pa.int32())),
        "traffic": ["live"],
        "another": [1],
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (row,) = read_impressions(tmp_path / "t.parquet", "train").rows
    assert row == impression()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no train impressions"),
        ([impression(clicks=[0, 0])], "no shown query was clicked"),
        ([impression(clicks=[1, 1])], "every shown query was clicked"),
        ([impression(clicks=[1])], "impression train-0 of the train data has 2 queries and 1 clicks"),
        ([impression(clicks=[0, 2])], "neither 0 nor 1"),
        ([impression(queries=[], clicks=[])], "shows no query"),
        ([impression(queries=["a", None])], "without text"),
        ([impression(query=None)], "empty fields"),
    ],
)
def test_data_that_cannot_be_used_is_an_error_that_says_why(tmp_path: Path, rows: list[Impression], reason: str) -> None:
    with pytest.raises(LearnerError, match=reason):
        read(tmp_path, *rows)


def test_a_file_that_is_no_parquet_or_lacks_columns_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"PAR1 cut short")
    with pytest.raises(LearnerError, match="cannot be read"):
        read_impressions(tmp_path / "bad", "train")
    pq.write_table(pa.table({"query": ["q"]}), tmp_path / "few")
    with pytest.raises(LearnerError, match="cannot be read"):
        read_impressions(tmp_path / "few", "train")


def test_a_test_that_begins_before_training_ends_is_an_error(tmp_path: Path) -> None:
    train = read(tmp_path, impression(), impression(occurred_at=BEGIN + timedelta(days=2)))
    test = read(tmp_path, impression(occurred_at=BEGIN + timedelta(days=1)))
    with pytest.raises(LearnerError, match=r"begins at 2026-11-02T00:00:00\+00:00, before train ends at 2026-11-03"):
        check_order(train, test)
    check_order(test, read(tmp_path, impression(occurred_at=BEGIN + timedelta(days=1))))
