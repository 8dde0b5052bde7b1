import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file
from transformers import BertConfig, BertModel

from gqr_learner.ctr import command
from gqr_learner.ctr.backbones import BACKBONES
from gqr_learner.ctr.export import open_session, run_session
from gqr_learner.ctr.input import CtrInput, InputSpec, builder_of
from gqr_learner.ctr.instances import pack
from gqr_learner.ctr.synthetic import write_spans
from gqr_learner.ctr.vocabulary import load_tokenizer
from gqr_learner.worker import EXIT_STOPPED, Job, LearnerError, Worker

SMALL = {
    "layers": 2,
    "hidden": 32,
    "heads": 2,
    "intermediate": 64,
    "wordVectors": "none",
    "vocabulary": 1000,
    "epochs": 4,
    "learningRate": 0.0015,
    "threads": 1,
}


def train(folder: Path, config: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """Runs the command and returns its result line."""
    lines = io.StringIO()
    job = Job({**SMALL, **config}, {name: Path(path) for name, path in inputs.items()}, folder, "test")
    command.run(job, Worker(lines))
    result: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_spans(tmp_path_factory.mktemp("data"), 2500, 800, seed=5)


@pytest.fixture(scope="module")
def trained(data: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("trained")
    return out, train(out, {}, data)


def test_predicts_clicks_of_later_days_better_than_position_and_mean(trained: tuple[Path, dict[str, Any]]) -> None:
    test = trained[1]["metrics"]["test"]
    model, position, mean = test["model"], test["baselines"]["position"], test["baselines"]["mean"]
    assert model["auc"] > 0.66
    assert model["auc"] > position["auc"] + 0.08
    assert model["aucWithinImpression"] > position["aucWithinImpression"] + 0.05
    assert model["logloss"] < position["logloss"] < mean["logloss"] + 0.001
    assert mean["auc"] == 0.5
    assert model["calibrationError"] < 0.05
    assert model["days"] == 3
    assert model["diffCtr"] < 0.02


def test_leaves_a_whole_model_and_nothing_else(trained: tuple[Path, dict[str, Any]]) -> None:
    out, result = trained
    assert sorted(result["files"]) == sorted(path.name for path in out.iterdir())
    assert result["metrics"]["parity"]["largestDifference"] < 1e-5
    assert result["metrics"]["instances"]["train"] == 7500
    report = json.loads((out / "report.json").read_text())
    assert report["config"]["learningRate"] == 0.0015
    assert (report["codeVersion"], report["metrics"]) == ("test", result["metrics"])
    assert json.loads((out / "input.json").read_text()) == {
        "variant": "ctx",
        "maxLength": 96,
        "maxDomains": 16,
        "tasks": {"suggestion": 1},
        "unknownTask": 0,
        "tokenizer": "tokenizer.json",
        "clsToken": "[CLS]",
        "sepToken": "[SEP]",
        "sourceTokens": 24,
        "precision": "fp32",
    }


def test_the_onnx_model_names_no_file_of_this_machine(trained: tuple[Path, dict[str, Any]]) -> None:
    content = (trained[0] / "model.onnx").read_bytes()
    assert b".py" not in content
    assert str(Path(__file__).parents[1]).encode() not in content
    model = onnx.load_from_string(content)
    assert [part.name for part in model.graph.input] == ["input_ids", "segment_ids", "domain_ids", "attention_mask", "task_ids"]
    assert [opset.version for opset in model.opset_import if opset.domain == ""] == [20]


def test_golden_rows_can_be_reproduced_from_the_files_alone(trained: tuple[Path, dict[str, Any]]) -> None:
    out, _ = trained
    golden = json.loads((out / "golden.json").read_text(encoding="utf-8"))
    tokenizer = load_tokenizer(out)
    spec = InputSpec.from_json(json.loads((out / "input.json").read_text()))
    builder = builder_of(spec, tokenizer)
    inputs = [builder.build(row["taskId"], row["query"], row["chosen"], row["candidate"]) for row in golden]
    rows = [
        CtrInput(row["inputIds"], row["segmentIds"], row["domainIds"], built.task_id)
        for row, built in zip(golden, inputs, strict=True)
    ]
    assert inputs == rows
    session = open_session(out / "model.onnx")
    for number, row in enumerate(golden):
        (probability,) = run_session(session, pack([inputs[number]], [0]).batch([0]))
        assert probability == pytest.approx(row["probability"], abs=1e-5)
    assert len({row["probability"] for row in golden}) > 10


def test_word_vectors_of_the_encoder_are_served_and_handed_on(tmp_path: Path) -> None:
    small = write_spans(tmp_path, 300, 200, seed=5)
    taught = {"wordVectors": "pretrained", "wordWidth": 16, "vocabulary": 3000, "epochs": 1}
    result = train(tmp_path / "first", taught, small)
    assert result["metrics"]["parity"]["largestDifference"] < 1e-5
    vectors = load_file(tmp_path / "first" / "weights.safetensors")["match.vectors"]
    assert vectors.shape[1] == 16
    assert vectors.std() > 0
    train(tmp_path / "second", {"init": "parent", "epochs": 1, "learningRate": 1e-3}, {**small, "parent": tmp_path / "first"})
    handed_on = load_file(tmp_path / "second" / "weights.safetensors")["match.vectors"]
    assert np.array_equal(handed_on, vectors)


def test_pretrained_weights_become_a_whole_model(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    tokenizer = BACKBONES["bert"].train_tokenizer(["how to repot a monstera", "night train tickets"] * 4, 400, lambda: None)
    BertModel(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=20,
            max_position_embeddings=96,
        )
    ).save_pretrained(theirs)
    tokenizer.save(str(theirs / "tokenizer.json"))
    small = write_spans(tmp_path, 300, 200, seed=5)
    give_sources(small)
    chosen = {
        "init": "pretrained",
        "pretrained": str(theirs),
        "variant": "src",
        "epochs": 1,
        "wordVectors": "random",
        "wordWidth": 8,
    }
    result = train(tmp_path / "out", chosen, small)
    assert result["metrics"]["parity"]["largestDifference"] < 1e-4
    assert load_file(tmp_path / "out" / "weights.safetensors")["match.tell.weight"].shape == (12, 6)
    assert open_session(tmp_path / "out" / "model.onnx") is not None


def give_sources(files: dict[str, str]) -> None:
    """Adds to impressions what variant src reads."""
    for path in files.values():
        table = pq.read_table(path)
        queries = table["queries"].to_pylist()
        for name, values in (("answer", [" ".join(row) for row in queries]), ("cooccurrence", queries)):
            table = table.set_column(table.column_names.index(name), name, pa.array(values))
        pq.write_table(table, path)


def test_goes_on_from_a_parent_with_its_tokenizer(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    parent, before = trained
    later = write_spans(tmp_path, 300, 300, seed=5, tasks=("suggestion", "hint"))
    result = train(tmp_path / "out", {"init": "parent", "epochs": 1, "learningRate": 1e-4}, {**later, "parent": parent})
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() == (parent / "tokenizer.json").read_bytes()
    assert json.loads((tmp_path / "out" / "input.json").read_text())["tasks"] == {"suggestion": 1, "hint": 2}
    # 300 impressions alone would teach it next to nothing.
    assert result["metrics"]["test"]["model"]["aucByTask"]["suggestion"] > before["metrics"]["test"]["model"]["auc"] - 0.05


def test_position_bias_is_reported_and_handed_on(tmp_path: Path) -> None:
    small = write_spans(tmp_path, 700, 200, seed=5)
    quick = {"epochs": 1, "layers": 1}
    result = train(tmp_path / "first", {**quick, "positionBias": "examination"}, small)
    found = result["metrics"]["positionBias"]
    assert found["method"] == "examination"
    task = found["tasks"]["suggestion"]
    assert (task["corrected"], len(task["curve"]), task["curve"][0]) == (True, 3, 1)
    assert task["pairs"] > task["clickedPairs"] >= 100
    assert result["metrics"]["parity"]["largestDifference"] < 1e-5
    table = load_file(tmp_path / "first" / "weights.safetensors")["examination"]
    assert table[1, :3] == pytest.approx(np.array(task["curve"]) / max(task["curve"]), abs=1e-4)
    # A parent may have it where a child has not, and the other way round.
    parent, plain = ({**small, "parent": tmp_path / name} for name in ("first", "second"))
    without = train(tmp_path / "second", {**quick, "init": "parent"}, parent)
    assert without["metrics"]["positionBias"] == {"method": "none", "tasks": {}}
    assert "examination" not in load_file(tmp_path / "second" / "weights.safetensors")
    train(tmp_path / "third", {**quick, "init": "parent", "positionBias": "examination"}, plain)
    assert np.array_equal(load_file(tmp_path / "third" / "weights.safetensors")["examination"], table)


@pytest.mark.parametrize(
    ("config", "extra", "reason"),
    [
        ({"init": "parent"}, {}, 'names no input "parent"'),
        ({"init": "parent"}, {"parent": "."}, "parent model in . cannot be used"),
        ({"init": "parent", "variant": "pid"}, {"parent": "TRAINED"}, 'variant "ctx", the config says "pid"'),
        ({"init": "parent", "backbone": "albert"}, {"parent": "TRAINED"}, 'backbone "bert", the config says "albert"'),
        ({"variant": "src"}, {}, "no impression has an answer"),
        ({"init": "pretrained"}, {}, "no model is named"),
        ({"device": "cuda"}, {}, "no GPU"),
    ],
)
def test_what_cannot_be_trained_is_an_error_that_says_why(
    data: dict[str, str],
    trained: tuple[Path, dict[str, Any]],
    tmp_path: Path,
    config: dict[str, Any],
    extra: dict[str, str],
    reason: str,
) -> None:
    inputs = {**data, **{name: str(trained[0]) if path == "TRAINED" else path for name, path in extra.items()}}
    with pytest.raises(LearnerError, match=reason):
        train(tmp_path, config, inputs)


def test_a_job_that_was_stopped_goes_on_as_if_it_had_not_been(
    data: dict[str, str], trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"config": SMALL, "inputs": data, "out": "out", "codeVersion": "test"}))
    arguments = [sys.executable, "-m", "gqr_learner", "train-ctr", "--job", str(tmp_path / "job.json")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event.get("stage") == "train" and event["done"] > 50:
                process.send_signal(signal.SIGTERM)
                break
        process.stdout.read()
        assert process.wait(30) == EXIT_STOPPED
    assert (tmp_path / "out" / "checkpoint" / "training.pt").exists()

    resumed = train(tmp_path / "out", {}, data)
    again, whole = resumed["metrics"], trained[1]["metrics"]
    assert again["training"]["history"] == whole["training"]["history"]
    assert np.isclose(again["test"]["model"]["auc"], whole["test"]["model"]["auc"], atol=1e-9)
    assert not (tmp_path / "out" / "checkpoint").exists()
