import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gqr_learner.ctr.evaluation.events import read_events
from gqr_learner.ctr.evaluation.log import fold_of_panes, read_log, split_log
from gqr_learner.ctr.evaluation.mimics import COLUMNS, SETS, Pane, part_of, read_panes, show
from gqr_learner.ctr.evaluation.truth import read_truth
from gqr_learner.ctr.input import Sources
from gqr_learner.ctr.synthetic import write_spans
from gqr_learner.worker import Job, LearnerError, Worker


def impression(name: str, at: str, count: int = 2, **changes: Any) -> dict[str, Any]:
    body = {
        "impressionId": name,
        "sessionId": "s",
        "occurredAt": f"2026-11-{at}Z",
        "taskId": "suggestion",
        "context": {"query": "rice", "response": "A grain."},
        "queries": [{"text": f"text {k}", "position": k} for k in range(1, count + 1)],
        "traffic": "TRAFFIC_SIMULATED",
    }
    return {"impression": {**body, **changes}}


def click(name: str, position: int, at: str) -> dict[str, Any]:
    return {"click": {"eventId": f"{name}#{position}", "impressionId": name, "occurredAt": f"2026-11-{at}Z", "position": position}}


def written(path: Path, *events: Any) -> Path:
    lines = "".join(f"{event if isinstance(event, str) else json.dumps(event)}\n" for event in events)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def job(folder: Path, inputs: dict[str, Any]) -> Job:
    return Job({}, {name: Path(path) for name, path in inputs.items()}, folder / "out", "test")


def worker() -> Worker:
    return Worker(io.StringIO())


def read(path: Path) -> Any:
    return read_events({"test": path}, lambda _: None)


def test_clicks_are_joined_by_the_rules_of_the_trainer(tmp_path: Path) -> None:
    path = written(
        tmp_path / "events.jsonl.gz",
        click("a", 2, "01T10:05:00"),
        {"userQuery": {"eventId": "q", "query": "rice"}},
        impression("a", "01T10:00:00"),
        click("a", 2, "01T10:01:00"),
        click("a", 3, "01T10:01:00"),
        click("b", 1, "01T11:30:00"),
        "",
        impression("b", "01T11:00:00"),
        click("b", 2, "01T11:30:00.001"),
        impression("b", "01T11:00:00"),
        click("c", 1, "01T11:59:00"),
        click("c", 2, "01T11:58:59.999"),
        impression("c", "01T12:00:00"),
        click("nobody", 1, "01T12:00:00"),
    )
    shown, outcomes = read(path)
    assert {each.id: list(each.impression.clicks) for each in shown["test"]} == {"a": [0, 1], "b": [1, 0], "c": [1, 0]}
    assert outcomes == {"joined": 3, "late": 1, "early": 1, "orphan": 1, "misplaced": 1, "duplicate": 1}


def test_an_impression_has_what_was_known_beside_the_query(tmp_path: Path) -> None:
    context = {"query": "rice", "response": "A grain.", "history": [{"query": "oats"}, {"query": "rye", "response": "Too."}]}
    path = written(
        tmp_path / "events.jsonl",
        impression("a", "01T10:00:00", context=context, cooccurrenceQueries=["brown rice"]),
        impression("b", "01T11:00:00", context={"query": "rice"}),
        click("a", 1, "01T10:01:00"),
    )
    shown, _ = read(path)
    a, b = (each.impression.sources for each in shown["test"])
    assert a == Sources("A grain.", ["oats", "rye"], ["brown rice"])
    assert b == Sources("", [], [])


def test_fields_may_have_the_names_of_the_contract(tmp_path: Path) -> None:
    event = {
        "impression": {
            "impression_id": "a",
            "occurred_at": "2026-11-01T11:00:00.123456789+01:00",
            "task_id": "hint",
            "context": {"query": "rice"},
            "queries": [{"text": "x", "position": 1}],
        }
    }
    ((shown,), _) = read(written(tmp_path / "e", event))[0]["test"], None
    assert (shown.id, shown.impression.task, shown.impression.traffic) == ("a", "hint", "live")
    assert shown.impression.occurred_at.isoformat() == "2026-11-01T10:00:00.123456+00:00"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "exactly one of userQuery, impression and click"),
        ({"impression": {}, "click": {}}, "exactly one of"),
        (impression("a", "01T10:00:00", count=0), "queries: is empty"),
        (impression("a", "01T10:00:00", queries=[{"text": "x"}]), r"queries\[0\].position: positions count from 1"),
        (impression("a", "01T10:00:00", queries=[{"text": "x", "position": 0}]), r"queries\[0\].position: positions count from 1"),
        (
            impression("a", "01T10:00:00", queries=[{"text": "x", "position": 1}, {"text": "y", "position": 1}]),
            r"queries\[1\].position: positions count from 1 without gaps",
        ),
        (
            impression("a", "01T10:00:00", queries=[{"text": "x", "position": 2}, {"text": "y", "position": 1}]),
            r"queries\[0\].position: .* in order",
        ),
        (impression("a", "01T10:00:00", queries=[{"text": " ", "position": 1}]), r"queries\[0\].text: is required"),
        (impression("a", "01T10:00:00", context={}), r"context.query: is required"),
        (impression("a", "01T10:00:00", traffic="TRAFFIC_OTHER"), "traffic: there is no 'TRAFFIC_OTHER'"),
        (impression("a", "01T10:00:00", occurredAt="yesterday"), "occurred_at: must be a moment"),
        (impression("a", "01T10:00:00", occurredAt="2026-11-01T10:00:00"), "has no time zone"),
        (click("a", 0, "01T10:00:00"), "position: must be a number from 1"),
    ],
)
def test_what_is_no_event_is_named_by_line_and_field(tmp_path: Path, event: Any, reason: str) -> None:
    path = written(tmp_path / "events.jsonl", impression("ok", "01T10:00:00"), event)
    with pytest.raises(LearnerError, match=rf"events.jsonl:2: .*{reason}"):
        read(path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl.gz", *[impression(str(at), "01T10:00:00") for at in range(50)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LearnerError, match="cannot be read beyond line"):
        read(path)
    (tmp_path / "latin").write_bytes(b'{"userQuery":{}}\n"caf\xe9"\n')
    with pytest.raises(LearnerError, match=r"latin:\d is not UTF-8"):
        read(tmp_path / "latin")


def days(first: int, last: int) -> list[dict[str, Any]]:
    """Ten lists a day, of which two are clicked."""
    events = []
    for day in range(first, last + 1):
        for number in range(10):
            name = f"{day}-{number}"
            events.append(impression(name, f"{day:02d}T{10 + number}:00:00"))
            if number % 5 == 0:
                events.append(click(name, 1, f"{day:02d}T{10 + number}:01:00"))
    return events


def test_the_end_of_training_validates_where_no_file_does(tmp_path: Path) -> None:
    inputs = {"train": written(tmp_path / "train", *days(1, 5)), "test": written(tmp_path / "test", *days(6, 7))}
    log = read_log(job(tmp_path, inputs), "gqr", 1, 1, worker())
    assert [len(span.ids) for span in (log.train, log.validation, log.test)] == [45, 5, 20]
    assert log.validation.ids == [f"5-{number}" for number in range(5, 10)]
    assert log.notes["clicks"]["joined"] == 14


def test_a_test_before_training_and_one_class_are_errors(tmp_path: Path) -> None:
    inputs = {"train": written(tmp_path / "train", *days(3, 7)), "test": written(tmp_path / "test", *days(1, 2))}
    with pytest.raises(LearnerError, match=r"test begins at 2026-11-01.*before validation ends"):
        read_log(job(tmp_path, inputs), "gqr", 1, 1, worker())
    inputs["test"] = written(tmp_path / "quiet", *(event for event in days(8, 9) if "click" not in event))
    with pytest.raises(LearnerError, match="test data: no shown query was clicked"):
        read_log(job(tmp_path, inputs), "gqr", 1, 1, worker())
    inputs["test"] = written(tmp_path / "empty")
    with pytest.raises(LearnerError, match="there are no test impressions"):
        read_log(job(tmp_path, inputs), "gqr", 1, 1, worker())


def test_parquet_of_the_trainer_is_read_too(tmp_path: Path) -> None:
    inputs = write_spans(tmp_path, 200, 100, seed=1)
    log = read_log(job(tmp_path, inputs), "gqr", 1, 1, worker())
    assert [len(span.ids) for span in (log.train, log.validation, log.test)] == [200, 100, 100]
    with pytest.raises(LearnerError, match="needs event files"):
        read_log(job(tmp_path, {**inputs, "truth": inputs["train"]}), "gqr", 1, 1, worker())


def test_ground_truth_is_read_by_impression_and_faults_by_line(tmp_path: Path) -> None:
    good = {"impressionId": "a", "clickProbabilities": [0.1, 0.2]}
    assert read_truth(written(tmp_path / "truth", good)) == {"a": [0.1, 0.2]}
    for bad in ({"impressionId": "a"}, {"impressionId": "a", "clickProbabilities": [1.2]}, "x"):
        with pytest.raises(LearnerError, match="truth:2 "):
            read_truth(written(tmp_path / "truth", good, bad))


HEAD = "\t".join(("query", "question", *COLUMNS[1:6], "impression_level", *COLUMNS[6:]))


def pane_row(query: str, options: Sequence[str], level: object, shares: Sequence[object]) -> str:
    return "\t".join(
        [query, "?", *[*options, *[""] * 5][:5], "high", str(level), *[str(share) for share in [*shares, *[0] * 5][:5]]]
    )


def test_panes_have_the_rate_of_their_level_and_share(tmp_path: Path) -> None:
    path = written(
        tmp_path / "panes.tsv", HEAD, pane_row('"the ""aco"""', ["x", "y"], 6, [0.75, 0.25]), pane_row("q", ["z"], 0, [])
    )
    first, second = read_panes(path, lambda: None)
    assert (first.query, first.options) == ('the "aco"', ("x", "y"))
    assert first.rates == pytest.approx((0.45, 0.15))
    assert (second.id, second.rates) == ("panes.tsv:3", (0.0,))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (pane_row("", ["x"], 0, []), "query or options are empty"),
        (pane_row("q", ["x", "", "y"], 0, []), "without a gap"),
        (pane_row("q", ["x"], 11, [1]), "engagement_level is '11'"),
        (pane_row("q", ["x"], 2.5, [1]), "levels are whole"),
        (pane_row("q", ["x"], "many", [1]), "engagement_level is 'many'"),
        (pane_row("q", ["x"], "nan", [1]), "engagement_level is 'nan'"),
        (pane_row("q", ["x"], 2, [1.5]), "option_cctr_1 is '1.5'"),
        (pane_row("q", ["x", "y"], 2, [0.5, 0.2]), "rates sum to 0.700 at engagement level 2"),
        (pane_row("q", ["x"], 0, [1]), "sum to 1.000 at engagement level 0"),
        (pane_row("q", ["x"], 2, [0, 1]), "the options that there are"),
        ("q\tx", "has 2 cells and the header 14"),
    ],
)
def test_what_is_no_pane_is_named_by_line(tmp_path: Path, row: str, reason: str) -> None:
    path = written(tmp_path / "panes.tsv", HEAD, pane_row("q", ["x"], 1, [1]), row)
    with pytest.raises(LearnerError, match=rf"panes.tsv:3: .*{reason}"):
        read_panes(path, lambda: None)


def test_files_without_clicks_say_which_to_take(tmp_path: Path) -> None:
    with pytest.raises(LearnerError, match="lacks the columns engagement_level, option_cctr_1") as caught:
        read_panes(written(tmp_path / "labels.tsv", HEAD.split("\timpression_level")[0], "q\t?\tx\t\t\t\t"), lambda: None)
    assert "Mimics-ClickExploreSampling.tsv" in caught.value.remedy
    with pytest.raises(LearnerError, match="has no pane"):
        read_panes(written(tmp_path / "head.tsv", HEAD), lambda: None)


def panes(count: int) -> list[Pane]:
    rng = np.random.default_rng(1)
    rates = rng.dirichlet([6, 1, 1, 1], count)[:, 1:]
    return [Pane(f"p{at}", f"query {at // 2}", ("x", "y", "z"), tuple(rates[at].tolist())) for at in range(count)]


def test_ten_views_have_as_many_clicks_as_the_level_says() -> None:
    pane = Pane("p", "q", ("x", "y"), (0.45, 0.15))
    for seed in range(20):
        clicks = np.array([each.impression.clicks for each in show([pane], "train", 10, seed)])
        assert clicks.shape == (10, 2)
        assert clicks.sum() == 6
        assert clicks.sum(0)[0] in (4, 5)
    assert sum(sum(each.impression.clicks) for each in show([Pane("p", "q", ("x",), (1.0,))], "test", 10, 1)) == 10


def test_clicks_of_a_few_views_are_right_on_average() -> None:
    many = panes(4000)
    clicks = np.array([each.impression.clicks for each in show(many, "train", 1, 3)])
    assert clicks.sum(1).max() == 1
    assert clicks.mean(0) == pytest.approx(np.mean([pane.rates for pane in many], axis=0), abs=0.02)


def test_folds_share_no_query_and_test_each_pane_once() -> None:
    some = panes(200)
    tested: list[str] = []
    for fold in range(5):
        log = fold_of_panes(some, 5, fold, 2, 1)
        queries = [{row.query for row in span.impressions.rows} for span in (log.train, log.validation, log.test)]
        assert not queries[0] & queries[1] | queries[0] & queries[2] | queries[1] & queries[2]
        assert log.truth is not None
        tested += log.truth
        days = {row.occurred_at.date() for row in log.test.impressions.rows}
        assert 1 < len(days) <= SETS
    assert sorted(tested) == sorted(pane.id for pane in some)
    assert part_of("query 1", 5, "fold") == part_of("query 1", 5, "fold")


def test_panes_of_files_are_read_into_spans(tmp_path: Path) -> None:
    rows = [pane_row(f"query {at}", ["x", "y"], at % 11, [1] if at % 11 else []) for at in range(60)]
    inputs = {"train": written(tmp_path / "train.tsv", HEAD, *rows), "test": written(tmp_path / "test.tsv", HEAD, *rows[:20])}
    log = read_log(job(tmp_path, inputs), "mimics", 3, 1, worker())
    assert (len(log.test.ids), log.repeated) == (60, True)
    assert log.notes["panes"]["train"] + log.notes["panes"]["validation"] == 60


def test_one_log_is_parted_by_time(tmp_path: Path) -> None:
    shown, _ = read(written(tmp_path / "log", *days(1, 10)))
    log = split_log(shown["test"], 0.2, {})
    assert [len(span.ids) for span in (log.train, log.validation, log.test)] == [72, 8, 20]
    with pytest.raises(LearnerError, match="cannot be parted by time"):
        split_log([each for each in shown["test"] if each.id == "1-0"], 0.2, {})
