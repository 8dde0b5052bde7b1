"""Reads the files of an evaluation into spans: event files, Parquet files of impressions, or panes of MIMICS."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gqr_learner.ctr.evaluation import mimics
from gqr_learner.ctr.evaluation.events import read_events
from gqr_learner.ctr.evaluation.lines import opened
from gqr_learner.ctr.evaluation.spans import Log, Panel, Shown, Span, split_off_end
from gqr_learner.ctr.evaluation.truth import read_truth
from gqr_learner.ctr.impressions import Impressions, check_order, read_impressions
from gqr_learner.worker import Job, LearnerError, Worker

FORMATS = ("gqr", "mimics")
VALIDATION_SHARE = 0.1
"""Share of the training impressions (the latest; of panes, any) that stop and calibrate where no validation file is given."""
PARQUET_MAGIC = b"PAR1"


def read_log(job: Job, format: str, views: int, seed: int, worker: Worker) -> Log:
    """Reads the inputs "train", "test" and, where given, "validation", "truth", and "panel" with "panelTruth".

    Raises:
        LearnerError: for files that cannot be read or hold nothing to learn from, and if a span is not later than that before it.
    """
    given = {name: job.input(name) for name in ("train", "validation", "test") if name in job.inputs or name != "validation"}
    log = _read_panes(given, views, seed, worker) if format == "mimics" else _read_gqr(job, given, worker)
    check_order(log.train.impressions, log.validation.impressions, log.test.impressions)
    return replace(log, panel=_read_panel(job)) if "panel" in job.inputs else log


def _read_panel(job: Job) -> Panel:
    if "panelTruth" not in job.inputs:
        raise LearnerError("the panel has no ground truth", "name the file that ground-truth --each made of it")
    shown, _ = read_events({"panel": job.input("panel")}, lambda _: None)
    truth = read_truth(job.input("panelTruth"))
    known = [each for each in shown["panel"] if each.id in truth]
    if not known:
        raise LearnerError("no impression of the panel has a ground truth", "give the ground truth of this very panel")
    return Panel(Impressions("panel", [each.impression for each in known]), [each.id for each in known], truth)


def _read_gqr(job: Job, given: dict[str, Path], worker: Worker) -> Log:
    if any(_is_parquet(path) for path in given.values()):
        return _read_parquet(job, given)
    count = 0

    def on_line(name: str) -> None:
        nonlocal count
        count += 1
        worker.step("read", count, 0, "events", name)

    shown, outcomes = read_events(given, on_line)
    train, validation = shown["train"], shown.get("validation")
    if validation is None:
        train, validation = split_off_end(train, VALIDATION_SHARE)
    truth = read_truth(job.input("truth")) if "truth" in job.inputs else None
    notes = {"labels": "clicks, joined to their impressions", "clicks": outcomes}
    return Log(Span.of("train", train), Span.of("validation", validation), Span.of("test", shown["test"]), truth, False, notes)


def _read_parquet(job: Job, given: dict[str, Path]) -> Log:
    if "truth" in job.inputs:
        raise LearnerError("a ground truth needs event files", "name the event files that the Parquet files were made from")
    spans = {name: read_impressions(path, name).rows for name, path in given.items()}
    shown = {name: [Shown(f"{name}-{at}", row) for at, row in enumerate(rows)] for name, rows in spans.items()}
    train, validation = shown["train"], shown.get("validation")
    if validation is None:
        train, validation = split_off_end(train, VALIDATION_SHARE)
    notes = {"labels": "clicks, joined to their impressions by the trainer"}
    return Log(Span.of("train", train), Span.of("validation", validation), Span.of("test", shown["test"]), None, False, notes)


def _read_panes(given: dict[str, Path], views: int, seed: int, worker: Worker) -> Log:
    count = 0

    def on_line() -> None:
        nonlocal count
        count += 1
        worker.step("read", count, 0, "panes")

    panes = {name: mimics.read_panes(path, on_line) for name, path in given.items()}
    if "validation" not in panes:
        panes["train"], panes["validation"] = _by_query(panes["train"], round(1 / VALIDATION_SHARE), 0, "validation")
    return log_of_panes(panes["train"], panes["validation"], panes["test"], views, seed)


def log_of_panes(
    train: Sequence[mimics.Pane], validation: Sequence[mimics.Pane], test: Sequence[mimics.Pane], views: int, seed: int
) -> Log:
    """Panes shown `views` times each, with their click rates as truth."""
    known = {(pane.query, pane.options) for pane in (*train, *validation)}
    notes = {
        "labels": f"each pane shown {views} times, clicked as often as engagement level / 10 x conditional click rate says",
        "days": f"{mimics.SETS} random sets of queries, for there are no days",
        "panes": {"train": len(train), "validation": len(validation), "test": len(test)},
        "testPanesInTraining": sum((pane.query, pane.options) in known for pane in test),
    }

    def span(name: str, panes: Sequence[mimics.Pane]) -> Span:
        return Span.of(name, mimics.show(panes, name, views, seed))

    spans = span("train", train), span("validation", validation), span("test", test)
    return Log(*spans, mimics.rates_by_id(test), True, notes)


def fold_of_panes(panes: Sequence[mimics.Pane], folds: int, fold: int, views: int, seed: int) -> Log:
    """One fold of a cross-validation: no query is in two spans."""
    rest, test = _by_query(panes, folds, fold, "fold")
    train, validation = _by_query(rest, round(1 / VALIDATION_SHARE), 0, "validation")
    return log_of_panes(train, validation, test, views, seed)


def split_log(shown: Sequence[Shown], test_share: float, notes: dict[str, Any]) -> Log:
    """One log, parted by time."""
    rest, test = split_off_end(shown, test_share)
    train, validation = split_off_end(rest, VALIDATION_SHARE)
    return Log(Span.of("train", train), Span.of("validation", validation), Span.of("test", test), None, False, notes)


def _by_query(panes: Sequence[mimics.Pane], parts: int, part: int, salt: str) -> tuple[list[mimics.Pane], list[mimics.Pane]]:
    """Panes of all parts but one, and those of that one."""

    def members(inside: bool) -> Iterator[mimics.Pane]:
        return (pane for pane in panes if (mimics.part_of(pane.query, parts, salt) == part) == inside)

    return list(members(False)), list(members(True))


def _is_parquet(path: Path) -> bool:
    with opened(path) as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
