"""The core of training: impressions in, a calibrated network with its tokenizer and input layout out. Writes checkpoints alone."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from gqr_learner.config import ConfigError
from gqr_learner.ctr.calibration import Calibration, calibrate_by_task, logits_of
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.examination import TaskExamination, anywhere, estimate_examination, marks_of, table_of
from gqr_learner.ctr.impressions import Impressions, check_order
from gqr_learner.ctr.input import InputBuilder, InputSpec, builder_of
from gqr_learner.ctr.instances import Instances, build_instances
from gqr_learner.ctr.metrics import logloss
from gqr_learner.ctr.model import CtrModel
from gqr_learner.ctr.start import Start, from_parent, from_pretrained, from_scratch
from gqr_learner.ctr.training import Seen, State, Training, predict, predict_both
from gqr_learner.worker import LearnerError, Worker


@dataclass(frozen=True)
class Fitted:
    """A click predictor that can be asked."""

    tokenizer: Tokenizer
    spec: InputSpec
    model: CtrModel
    """Calibrated, in evaluation mode."""
    builder: InputBuilder
    state: State
    """How training went."""
    calibration: Calibration
    """What calibration changed."""
    validation_logloss: float
    """After calibration, on the validation slice."""
    examination: Mapping[str, TaskExamination] | None
    """What was found out about position bias, by task; None if nothing was asked."""

    def instances(self, impressions: Impressions, worker: Worker) -> Instances:
        """The inputs of all shown queries, in the order of `impressions.labels()`."""
        return _instances(impressions, self.builder, worker)

    def score(self, instances: Instances, on_done: Callable[[int], None] = lambda _: None) -> npt.NDArray[np.float64]:
        """Calibrated click probabilities, float64 [instances]. `on_done` gets the number of those predicted so far."""
        return predict(self.model, instances, on_done)

    def uncertainties(self, instances: Instances) -> npt.NDArray[np.float64]:
        """Standard deviation of each probability over the heads, float64 [instances]; 0 where there is one head."""
        return predict_both(self.model, instances)[1]

    def seen(self, instances: Instances, impressions: Impressions) -> npt.NDArray[np.float64] | float:
        """The examination that is part of each probability, float64 [instances]; 1 without one."""
        if self.model.examination is None:
            return 1.0
        table = self.model.examination.cpu().numpy().astype(np.float64)
        looked_at: npt.NDArray[np.float64] = table[instances.tasks, impressions.places(table.shape[1])]
        return looked_at

    def predict(self, impressions: Impressions, on_done: Callable[[int], None] = lambda _: None) -> npt.NDArray[np.float64]:
        """Calibrated click probabilities, float64 [instances], in the order of `impressions.labels()`; `on_done` as in `score`."""
        return self.score(build_instances(impressions, self.builder, lambda: None), on_done)


def fit(
    config: CtrConfig, train: Impressions, validation: Impressions, folder: Path, worker: Worker, parent: Path | None = None
) -> Fitted:
    """Trains on `train`, stops early and calibrates on `validation`, which must be later.

    `folder` exists and keeps the checkpoint: called again with the same arguments it goes on from there. `parent` is the model
    folder to start from where config.init is "parent".

    Raises:
        ConfigError: if fields of the config contradict each other.
        LearnerError: if the data or the machine is not fit for it.
    """
    if config.init == "scratch" and config.hidden % config.heads != 0:
        raise ConfigError(f"the config is wrong: heads: must divide hidden ({config.hidden}), but is {config.heads}")
    torch.set_num_threads(config.threads or max(1, (os.cpu_count() or 1) // 2))
    torch.manual_seed(config.seed)
    check_order(train, validation)
    if config.variant == "src" and not train.have_sources():
        raise LearnerError(
            "variant is src, but no impression has an answer, a history or co-occurrence queries",
            "train on a log that has them (columns answer, history, cooccurrence), or set variant to ctx",
        )
    start = _start(config, train, parent, worker)
    builder = builder_of(start.spec, start.tokenizer)
    train_set, validation_set = (_instances(span, builder, worker) for span in (train, validation))

    model = start.model.to(device(config))
    places = model.architecture.places
    before = None if model.examination is None else model.examination.cpu().numpy().astype(np.float64)
    model.examine(None)
    curves = estimate_examination(train, places) if config.position_bias == "examination" else None
    table, seen, marks = None, None, None
    if curves is not None:
        marks = marks_of(builder, places).to(device(config)) if config.variant == "pid" else None
        table = table_of(curves, start.spec.tasks, model.architecture.tasks, before)
        seen = Seen(table[train_set.tasks, train.places(places)], table[validation_set.tasks, validation.places(places)])
    state = Training(config, model, train_set, validation_set, folder, worker, seen).run()
    model.eval()
    calibration = calibrate_by_task(
        logits_of(predict(model, validation_set)),
        validation_set.labels,
        validation_set.tasks,
        model.architecture.tasks,
        None if seen is None else seen.validation,
    )
    model.calibrate(*(torch.from_numpy(values).to(model.calibration_scale) for values in (calibration.scale, calibration.shift)))
    if table is not None and seen is not None:
        if config.variant == "base":
            table = anywhere(table, validation_set.tasks, seen.validation, predict(model, validation_set))
        model.examine(torch.from_numpy(table).to(model.calibration_scale), marks)
    validation_logloss = logloss(validation_set.labels, predict(model, validation_set))
    return Fitted(start.tokenizer, start.spec, model, builder, state, calibration, validation_logloss, curves)


def _start(config: CtrConfig, train: Impressions, parent: Path | None, worker: Worker) -> Start:
    if config.init == "pretrained":
        return from_pretrained(config, train, worker)
    if config.init == "scratch":
        return from_scratch(config, train, worker)
    if parent is None:
        raise LearnerError("init is parent, but no parent model is given", "name the folder of a model made by train-ctr")
    return from_parent(config, parent, train)


def device(config: CtrConfig) -> torch.device:
    """Where to compute. Raises LearnerError if there is no such device."""
    available = torch.cuda.is_available()
    if config.device == "cuda" and not available:
        raise LearnerError("device is cuda, but there is no GPU that PyTorch can use", 'set device to "auto" or "cpu"')
    return torch.device("cuda" if available and config.device != "cpu" else "cpu")


def _instances(impressions: Impressions, builder: InputBuilder, worker: Worker) -> Instances:
    total = len(impressions.rows)
    count = iter(range(total))
    return build_instances(impressions, builder, lambda: worker.step("prepare", next(count), total, "lists", impressions.name))
