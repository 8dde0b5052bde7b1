import io
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gqr_learner.config import ConfigError
from gqr_learner.ctr.evaluation import command, table2
from gqr_learner.ctr.evaluation.mimics import COLUMNS
from gqr_learner.ctr.impressions import Impression, read_impressions
from gqr_learner.ctr.synthetic import write_spans
from gqr_learner.worker import EXIT_STOPPED, Job, LearnerError, Worker

SMALL = {
    "layers": 1,
    "hidden": 16,
    "heads": 2,
    "intermediate": 32,
    "embedding": 8,
    "vocabulary": 600,
    "epochs": 1,
    "threads": 1,
    "wordVectors": "none",
}


def run(module: Any, config: dict[str, Any], inputs: dict[str, Any], out: Path) -> tuple[dict[str, Any], list[str]]:
    """The metrics of a command, and the stages that it told of."""
    lines = io.StringIO()
    module.run(Job({**SMALL, **config}, {name: Path(path) for name, path in inputs.items()}, out, "test"), Worker(lines))
    events = [json.loads(line) for line in lines.getvalue().splitlines()]
    metrics: dict[str, Any] = events[-1]["metrics"]
    return metrics, [event["stage"] for event in events[:-1]]


def as_events(name: str, number: int, row: Impression) -> list[dict[str, Any]]:
    moment = row.occurred_at.isoformat()
    name = f"{name}-{number}"
    shown = {
        "impressionId": name,
        "occurredAt": moment,
        "taskId": row.task,
        "context": {"query": row.query},
        "queries": [{"text": text, "position": at} for at, text in enumerate(row.queries, start=1)],
    }
    clicks = [at for at, clicked in enumerate(row.clicks, start=1) if clicked]
    return [{"impression": shown}, *({"click": {"impressionId": name, "position": at, "occurredAt": moment}} for at in clicks)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Event files of each span, a ground truth of the test span, all of them as one log, and panes."""
    folder = tmp_path_factory.mktemp("data")
    spans = write_spans(folder, 400, 150, seed=5, tasks=("suggestion", "clarification", "hint"))
    files = {}
    everything = ""
    for name, parquet in spans.items():
        rows = read_impressions(Path(parquet), name).rows
        text = "".join(f"{json.dumps(event)}\n" for at, row in enumerate(rows) for event in as_events(name, at, row))
        files[name] = folder / f"{name}.jsonl"
        files[name].write_text(text)
        everything += text
        truth = [{"impressionId": f"{name}-{at}", "clickProbabilities": [0.1 / (1 + k) for k in range(len(row.queries))]}
                 for at, row in enumerate(rows)]  # fmt: skip
    files["truth"] = folder / "truth.jsonl"
    files["truth"].write_text("".join(f"{json.dumps(line)}\n" for line in truth))
    panel = [as_events(f"situation-{at}", number, replace(row, queries=[text], clicks=[0]))[0]
             for at, row in enumerate(read_impressions(Path(spans["test"]), "test").rows[:20])
             for number, text in enumerate(["a thing", "another thing", row.query])]  # fmt: skip
    files["panel"] = folder / "panel.jsonl"
    files["panel"].write_text("".join(f"{json.dumps(event)}\n" for event in panel))
    true = [{"impressionId": event["impression"]["impressionId"], "clickProbabilities": [0.01 * (1 + at % 3)]}
            for at, event in enumerate(panel)]  # fmt: skip
    files["panelTruth"] = folder / "panel-truth.jsonl"
    files["panelTruth"].write_text("".join(f"{json.dumps(line)}\n" for line in true))
    files["log"] = folder / "log.jsonl"
    files["log"].write_text(everything)
    rng = np.random.default_rng(1)
    panes = ["\t".join(COLUMNS)]
    for at in range(80):
        level = int(rng.integers(0, 11))
        shares = [1.0, 0.0] if rng.random() < 0.7 else [0.25, 0.75]
        cells = [f"query {at // 2}", "first thing", f"thing {at}", "", "", "", level, *(shares if level else [0, 0]), 0, 0, 0]
        panes.append("\t".join(map(str, cells)))
    files["mimics"] = folder / "panes.tsv"
    files["mimics"].write_text("\n".join(panes) + "\n")
    return files


SPANS = ("train", "validation", "test")


def test_a_predictor_is_judged_with_baselines_slices_and_seeds(data: dict[str, Path], tmp_path: Path) -> None:
    inputs = {name: data[name] for name in (*SPANS, "truth")}
    metrics, stages = run(command, {"seeds": 2, "seed": 7, "variant": "pid"}, inputs, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["config"]["seeds"] == 2
    assert {name: report[name] for name in metrics} == metrics
    assert metrics["data"]["test"]["lists"] == 150
    assert sorted(metrics["byTask"]) == ["clarification", "hint", "suggestion"]
    assert [each["seed"] for each in metrics["seeds"]["bySeed"]] == [7, 8]
    assert metrics["seeds"]["bySeed"][0]["auc"] == metrics["model"]["auc"]
    assert metrics["baselines"]["mean"]["auc"] == 0.5
    # This truth falls with the position, as clicks do.
    assert metrics["baselines"]["position"]["truth"]["withinList"] > 0.5
    assert set(metrics["slices"]) == {"position", "words", "day"}
    assert set(metrics["lengthBias"]) == set(metrics["reliability"]) == {"all", "clarification", "hint", "suggestion"}
    assert {"seed 1 of 2: train", "seed 2 of 2: predict"} <= set(stages)
    assert not (tmp_path / "checkpoint").exists()


def test_a_panel_is_judged_beside_the_test_span_and_changes_none_of_its_figures(data: dict[str, Path], tmp_path: Path) -> None:
    inputs = {name: data[name] for name in (*SPANS, "panel", "panelTruth")}
    metrics, _ = run(command, {}, inputs, tmp_path / "with")
    panel = metrics["model"]["panel"]
    events = [json.loads(line)["impression"] for line in data["panel"].read_text().splitlines()]
    assert panel["situations"] == len({(event["taskId"], event["context"]["query"]) for event in events})
    assert -1 <= panel["interval"][0] <= panel["correlation"] <= panel["interval"][1] <= 1
    # Neither mean nor position tells candidates for the same place apart.
    assert metrics["baselines"]["position"]["panel"]["correlation"] == 0
    assert metrics["seeds"]["bySeed"][0]["panel"] == panel["correlation"]
    without, _ = run(command, {}, {name: data[name] for name in SPANS}, tmp_path / "without")
    assert without["model"] == {**metrics["model"], "panel": None}
    assert without["byTask"] == metrics["byTask"]
    with pytest.raises(LearnerError, match="the panel has no ground truth"):
        run(command, {}, {name: data[name] for name in (*SPANS, "panel")}, tmp_path / "none")


def test_panes_are_judged_by_their_click_rates(data: dict[str, Path], tmp_path: Path) -> None:
    metrics, _ = run(command, {"format": "mimics", "variant": "base"}, {"train": data["mimics"], "test": data["mimics"]}, tmp_path)
    assert metrics["model"]["clusters"] == "prompts"
    assert metrics["model"]["truth"]["instances"] == metrics["model"]["instances"] == 80 * 2 * 10
    assert metrics["promptsNotInTraining"]["instances"] == 0
    assert metrics["notes"]["panes"]["test"] == metrics["notes"]["testPanesInTraining"] == 80


def test_an_evaluation_that_was_stopped_goes_on_with_the_seeds_that_are_left(data: dict[str, Path], tmp_path: Path) -> None:
    inputs = {name: str(data[name]) for name in SPANS}
    job = {"config": {**SMALL, "seeds": 2}, "inputs": inputs, "out": "out", "codeVersion": "test"}
    (tmp_path / "job.json").write_text(json.dumps(job))
    arguments = [sys.executable, "-m", "gqr_learner", "evaluate-ctr", "--job", str(tmp_path / "job.json")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "seed 2 of 2: train" in line:
                process.send_signal(signal.SIGTERM)
                break
        process.stdout.read()
        assert process.wait(30) == EXIT_STOPPED
    resumed, stages = run(command, {"seeds": 2}, inputs, tmp_path / "out")
    assert "seed 1 of 2: train" not in stages
    whole, _ = run(command, {"seeds": 2}, inputs, tmp_path / "whole")
    assert resumed == whole


def test_table_2_is_made_of_cells_that_are_done_once(data: dict[str, Path], tmp_path: Path) -> None:
    inputs = {name: data[name] for name in ("log", "mimics")}
    config = {"seeds": 1, "backbones": "bert,albert", "variants": "base,ctx", "testShare": 0.3}
    results, _ = run(table2, config, inputs, tmp_path / "out")
    names = [f"{cell['data']} {cell['model']}" for cell in results["byCell"]]
    four = ["bert", "bert+ctx", "albert", "albert+ctx"]
    assert names == [
        *(f"{name} {model}" for name in ("suggestion", "clarification") for model in four),
        "hint bert",
        "hint albert",
        *(f"mimics {model}" for model in four),
    ]
    assert (results["cellsDone"], results["cells"]) == (14, 14)
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == results
    rows = {(row["data"], row["model"]): row for row in results["rows"]}
    assert rows["mimics", "bert+ctx"]["paper"]["auc"] == 0.7766
    assert rows["hint", "mean"]["auc"]["mean"] == 0.5
    assert {claim["data"] for claim in results["claims"]} == {"suggestion", "clarification", "hint", "mimics"}

    # Taken to another folder, with one cell lost and one seed more: what is there is not done again.
    shutil.copytree(tmp_path / "out", tmp_path / "moved")
    (tmp_path / "moved" / "cells" / "hint-bert-17.json").unlink()
    more, stages = run(table2, {**config, "backbones": "bert", "variants": "base"}, inputs, tmp_path / "moved")
    assert {stage.split(",")[0] for stage in stages if ": train" in stage} == {"hint-bert-17"}
    assert more["cells"] == 4
    changed, stages = run(table2, {**config, "backbones": "bert", "variants": "base", "epochs": 2}, inputs, tmp_path / "moved")
    assert len({stage for stage in stages if ": train" in stage}) == 4
    assert changed["cellsDone"] == 4


def test_what_table_2_cannot_be_made_of_is_an_error(data: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(LearnerError, match="names no data"):
        run(table2, {}, {}, tmp_path)
    with pytest.raises(ConfigError, match="variants: may name base, pid, ctx, but is 'base,src'"):
        run(table2, {"variants": "base,src"}, {"log": data["log"]}, tmp_path)
