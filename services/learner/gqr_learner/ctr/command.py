"""train-ctr: logged impressions in, a click predictor that can serve out."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gqr_learner import checkpoint
from gqr_learner.config import read_config, to_json
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.export import check_parity, export_onnx, open_session, run_session
from gqr_learner.ctr.fit import Fitted, fit
from gqr_learner.ctr.golden import CASES, golden_rows
from gqr_learner.ctr.impressions import Impressions, check_order, read_impressions
from gqr_learner.ctr.instances import Instances, pack
from gqr_learner.ctr.metrics import baselines, calibration_error, logloss_error, measure
from gqr_learner.ctr.model import WEIGHTS, save_weights
from gqr_learner.ctr.training import State
from gqr_learner.worker import Job, Worker

Config = CtrConfig

SPANS = ("train", "validation", "test")


def run(job: Job, worker: Worker) -> None:
    """Trains, evaluates on later days, exports, proves the export, and only then says that the model is there."""
    config = read_config(CtrConfig, job.config)
    spans = [_read(job, name, step, worker) for step, name in enumerate(SPANS)]
    check_order(*spans)
    train, validation, test = spans
    parent = job.input("parent") if config.init == "parent" else None
    inputs = [*(job.input(name) for name in SPANS), *([parent] if parent else [])]
    folder = checkpoint.claim(job.out, checkpoint.fingerprint(to_json(config), inputs))
    fitted = fit(config, train, validation, folder, worker, parent)

    model, tasks = fitted.model, ["unknown", *fitted.spec.tasks]
    test_set = fitted.instances(test, worker)
    predictions = fitted.score(test_set, lambda done: worker.step("evaluate", done, len(test_set), "instances"))
    metrics: dict[str, Any] = {
        "test": {
            "model": measure(test, predictions),
            "baselines": {
                name: {**measure(test, guess), "loglossDifferenceError": logloss_error(test, predictions, guess)}
                for name, guess in baselines(train, test).items()
            },
        },
        "calibration": {
            "errorBefore": calibration_error(
                test.labels(), fitted.calibration.undo(predictions, test_set.tasks, fitted.seen(test_set, test))
            ),
            "scale": dict(zip(tasks, model.calibration_scale.tolist(), strict=True)),
            "shift": dict(zip(tasks, model.calibration_shift.tolist(), strict=True)),
        },
        "uncertainty": _uncertainty(fitted.uncertainties(test_set), predictions, test.labels()),
        "positionBias": _position_bias(config, fitted),
        "training": _training_metrics(fitted.state),
        "validationLogloss": fitted.validation_logloss,
        "instances": {span.name: len(span.labels()) for span in spans},
        "impressions": {span.name: len(span.rows) for span in spans},
        "traffic": train.traffic(),
    }
    metrics["parity"] = _write_model(job.out, fitted, test_set, config, worker)
    report = {
        "command": "train-ctr",
        "config": {**to_json(config), "learningRate": config.step_size()},
        "codeVersion": job.code_version,
        "spans": {span.name: {"start": _moment(span, 0), "end": _moment(span, -1)} for span in spans},
        "metrics": metrics,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("torch", "transformers", "onnx")}},
    }
    _write_json(job.out / "report.json", report)
    worker.result(metrics, ["model.onnx", "tokenizer.json", "input.json", "golden.json", WEIGHTS, "report.json"])
    checkpoint.discard(job.out)


def _read(job: Job, name: str, step: int, worker: Worker) -> Impressions:
    worker.step("read", step, len(SPANS), "files", name)
    return read_impressions(job.input(name), name)


def _write_model(out: Path, fitted: Fitted, test: Instances, config: CtrConfig, worker: Worker) -> dict[str, Any]:
    """Writes the files of the model and returns what the parity check found."""
    model, builder = fitted.model.cpu(), fitted.builder
    tasks = [*sorted(fitted.spec.tasks), "a task that came later"]
    named = [(tasks[number % len(tasks)], case) for number, case in enumerate(CASES)]
    inputs = [builder.build(task, case.query, case.chosen, case.candidate, case.sources) for task, case in named]
    golden = pack(inputs, [0] * len(inputs))

    worker.step("export", 0, 1, "models")
    everything = golden.batch(range(len(golden)))
    export_onnx(model, everything, out / "model.onnx", config.precision)
    session = open_session(out / "model.onnx")
    parity = check_parity(model, session, [golden, test], config.seed, config.precision)
    probabilities = run_session(session, everything)

    fitted.tokenizer.save(str(out / "tokenizer.json"))
    _write_json(out / "input.json", {**fitted.spec.to_json(), "precision": config.precision})
    _write_json(out / "golden.json", golden_rows([task for task, _ in named], inputs, probabilities, CASES))
    save_weights(model, out / WEIGHTS)
    worker.step("export", 1, 1, "models")
    return parity.to_json()


def _uncertainty(
    uncertainties: npt.NDArray[np.float64], predictions: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]
) -> dict[str, float]:
    """How far the heads disagree, and whether the half of which they are less sure (relative to p) is calibrated worse."""
    relative = uncertainties / predictions
    unsure = relative > np.median(relative)
    return {
        "mean": float(uncertainties.mean()),
        "meanRelative": float(relative.mean()),
        "calibrationErrorSure": calibration_error(labels[~unsure], predictions[~unsure]),
        "calibrationErrorUnsure": calibration_error(labels[unsure], predictions[unsure]) if unsure.any() else 0.0,
    }


def _position_bias(config: CtrConfig, fitted: Fitted) -> dict[str, Any]:
    """How position bias was handled, and the examination of each task with what it rests on."""
    found = fitted.examination or {}
    return {"method": config.position_bias, "tasks": {task: found[task].to_json() for task in sorted(found)}}


def _training_metrics(state: State) -> dict[str, Any]:
    return {
        "epochs": state.epoch,
        "bestEpoch": state.best_epoch,
        "steps": state.step,
        "seconds": round(state.seconds, 1),
        "history": state.history,
    }


def _moment(span: Impressions, index: int) -> str:
    return span.rows[index].occurred_at.astimezone(UTC).isoformat()


def _write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
