"""evaluate-ctr: trains a click predictor on one file and judges it on another, with several seeds."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from gqr_learner import checkpoint
from gqr_learner.config import option, read_config, to_json
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.evaluation.log import FORMATS, read_log
from gqr_learner.ctr.evaluation.part_of_work import PartOfWork
from gqr_learner.ctr.evaluation.report import Judge, asked_of, describe, over_seeds
from gqr_learner.ctr.evaluation.spans import Log
from gqr_learner.ctr.fit import Fitted, fit
from gqr_learner.ctr.impressions import Impressions
from gqr_learner.ctr.metrics import Predictions
from gqr_learner.worker import Job, Worker

REPORT = "report.json"


@dataclasses.dataclass(frozen=True)
class Config(CtrConfig):
    """How a click predictor is evaluated, and how it is trained for that."""

    format: str = option("gqr", "Of the files: gqr (events, or Parquet of impressions) or mimics (panes)", choices=FORMATS)
    seeds: int = option(
        1, "Trainings, with the seed and those after it; the report in full is that of the first", least=1, most=100
    )
    views: int = option(10, "How often each pane of mimics is shown to make clicks of its rates", least=1, most=100)

    def training(self, seed: int) -> CtrConfig:
        """The config of one training."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(CtrConfig)}
        return CtrConfig(**{**values, "seed": seed})


def run(job: Job, worker: Worker) -> None:
    """Trains and judges; goes on with the seeds that were not done."""
    config = read_config(Config, job.config)
    folder = checkpoint.claim(job.out, checkpoint.fingerprint(to_json(config), job.inputs.values()))
    log = read_log(job, config.format, config.views, config.seed, worker)
    parent = job.input("parent") if config.init == "parent" else None
    judge = Judge(log, config.seed)
    predictions = {}
    for number in range(config.seeds):
        seed = config.seed + number
        part = PartOfWork(worker, f"seed {number + 1} of {config.seeds}")
        predictions[seed] = predict_test(config.training(seed), log, folder / f"seed-{seed}", part, parent)
    worker.step("judge", 0, 1, "reports")
    metrics = {
        "data": {span.impressions.name: describe(span) for span in (log.train, log.validation, log.test)},
        "notes": log.notes,
        **judge.report(predictions[config.seed]),
        "seeds": over_seeds({seed: judge.figures(each) for seed, each in predictions.items()}),
    }
    report = {"command": "evaluate-ctr", "config": to_json(config), "codeVersion": job.code_version, **metrics}
    write_json(job.out / REPORT, report)
    worker.step("judge", 1, 1, "reports")
    worker.result(metrics, [REPORT])
    checkpoint.discard(job.out)


def predict_test(config: CtrConfig, log: Log, folder: Path, worker: Worker, parent: Path | None = None) -> Predictions:
    """Trains on a log and predicts what is asked of it, float64 [instances]; what `folder` holds of an earlier call is kept."""
    done = folder / "predictions.npy"
    if done.exists():
        stored: Predictions = np.load(done)
        return stored
    folder.mkdir(parents=True, exist_ok=True)
    fitted = fit(config, log.train.impressions, log.validation.impressions, folder, worker, parent)
    # One after the other: what shares a batch changes a prediction in its last digits.
    predictions = np.concatenate([_predict(fitted, part, worker) for part in asked_of(log)])

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, predictions)

    checkpoint.write_atomically(done, write)
    return predictions


def _predict(fitted: Fitted, impressions: Impressions, worker: Worker) -> Predictions:
    total = len(impressions.labels())
    return fitted.predict(impressions, lambda count: worker.step("predict", count, total, "instances", impressions.name))


def write_json(path: Path, value: Any) -> None:
    """Writes a document; a figure that is no number is an error."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    checkpoint.write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
