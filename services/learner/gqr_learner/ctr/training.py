"""Minimises Eq. 5 by AdamW, with early stopping on the validation slice and a checkpoint to go on from."""

import copy
import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from gqr_learner.checkpoint import write_atomically
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.instances import Instances, batches_by_length, shuffled_batches
from gqr_learner.ctr.metrics import logloss
from gqr_learner.ctr.model import CtrModel, as_shown, predicted
from gqr_learner.ctr.pretrained import NEW_PARTS
from gqr_learner.worker import LearnerError, Stopped, Worker

PREDICTION_BATCH = 256


def predict(model: CtrModel, instances: Instances, on_batch: Callable[[int], None] = lambda _: None) -> npt.NDArray[np.float64]:
    """Click probabilities of all instances, in their order. `on_batch` gets the number of those predicted so far."""
    return predict_both(model, instances, on_batch)[0]


def predict_both(
    model: CtrModel, instances: Instances, on_batch: Callable[[int], None] = lambda _: None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """As `predict`, with the uncertainty of each probability as well; see `predicted`."""
    device = next(model.parameters()).device
    found = np.zeros((2, len(instances)))
    done = 0
    model.eval()
    with torch.inference_mode():
        for chosen in batches_by_length(instances.lengths, PREDICTION_BATCH):
            ids, segments, domains, mask, tasks = (tensor.to(device) for tensor in instances.batch(chosen))
            found[:, chosen] = torch.stack(predicted(model, (ids, segments, domains, mask, tasks))).cpu().numpy()
            done += len(chosen)
            on_batch(done)
    return found[0], found[1]


def bootstrap(instances: int, heads: int, seed: int) -> npt.NDArray[np.int8]:
    """How often each head sees each instance, int8 [instances, heads]: a sample with replacement each, or once if it is alone."""
    if heads == 1:
        return np.ones((instances, 1), dtype=np.int8)
    return np.random.default_rng(seed).poisson(1, (instances, heads)).astype(np.int8)


def parameter_groups(config: CtrConfig, model: CtrModel) -> list[dict[str, Any]]:
    """The parameters by how many `times` the learning rate they have.

    What pretrained weights may bear moves what starts at zero beside them hardly at all: with 5e-5 a domain embedding is after some
    hundred steps still an eighth of a token's, and the network does not hear the position.
    """
    if config.init != "pretrained":
        return [{"params": list(model.parameters()), "times": 1.0}]
    known: list[nn.Parameter] = []
    new: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        (new if name.split(".")[0] in NEW_PARTS else known).append(parameter)
    return [{"params": known, "times": 1.0}, {"params": new, "times": config.new_parts_rate}]


@dataclasses.dataclass(frozen=True)
class Seen:
    """How much each instance was looked at where it was shown, float64 [instances] each; the network learns what remains."""

    train: npt.NDArray[np.float64]
    validation: npt.NDArray[np.float64]


@dataclasses.dataclass
class State:
    """Where training stands; what a checkpoint holds beside the weights."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    finished: bool = False
    best_epoch: int = 0
    best_logloss: float = math.inf
    epoch_loss: float = 0.0
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    seconds: float = 0.0


class Training:
    """One training run. Deterministic: the same data, config and number of threads give the same weights, interrupted or not."""

    def __init__(
        self,
        config: CtrConfig,
        model: CtrModel,
        train: Instances,
        validation: Instances,
        checkpoint: Path,
        worker: Worker,
        seen: Seen | None = None,
    ) -> None:
        self.config = config
        self._seen = seen
        self.model = model
        self.state = State()
        self._train = train
        self._validation = validation
        self._checkpoint = checkpoint / "training.pt"
        self._worker = worker
        self._device = next(model.parameters()).device
        self._batches_an_epoch = math.ceil(len(train) / config.batch_size)
        self._best = copy.deepcopy(model.state_dict())
        self._optimizer = torch.optim.AdamW(
            parameter_groups(config, model), lr=config.step_size(), weight_decay=config.weight_decay, fused=True
        )
        self._weights = bootstrap(len(train), model.architecture.ensemble, config.seed)
        torch.manual_seed(config.seed)

    def run(self) -> State:
        """Trains to the end, from the checkpoint if there is one, and leaves the best weights in the model."""
        if self._checkpoint.exists():
            self._restore()
        elif self.config.init == "parent":
            # The parent competes too: a pass over few clicks can make it worse.
            self.state.best_logloss = self._validation_logloss()
        try:
            while not self.state.finished:
                self._epoch()
        except Stopped:
            self._save()
            raise
        self.model.load_state_dict(self._best)
        return self.state

    def _epoch(self) -> None:
        state, config = self.state, self.config
        rng = np.random.default_rng([config.seed, state.epoch])
        batches = list(shuffled_batches(self._train.lengths, config.batch_size, rng))
        saved_at = began_at = time.monotonic()
        self.model.train()
        while state.batch < len(batches):
            self._worker.check()
            self._step(batches[state.batch])
            now = time.monotonic()
            state.seconds, began_at = state.seconds + now - began_at, now
            if now - saved_at >= config.checkpoint_seconds:
                self._save()
                saved_at = now
            self._tell()
        self._judge()
        self._save()

    def _step(self, chosen: npt.NDArray[np.int64]) -> None:
        state = self.state
        for group in self._optimizer.param_groups:
            # Checkpoints of before there were several rates do not have it.
            group["lr"] = self.config.step_size() * self._schedule() * group.get("times", 1.0)
        ids, segments, domains, mask, tasks = (tensor.to(self._device) for tensor in self._train.batch(chosen))
        # Seen often enough without its task, an input of a task that is new has a fair prediction too.
        tasks = torch.where(torch.rand(tasks.shape) < self.config.task_dropout, 0, tasks.cpu()).to(self._device)
        labels = torch.from_numpy(self._train.labels[chosen].astype(np.float32)).to(self._device)
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self.config.bf16):
            logits = self.model.votes(ids, segments, domains, mask, tasks).float()
        if self._seen is not None:
            logits = as_shown(logits, torch.from_numpy(self._seen.train[chosen]).to(logits)[:, None])
        losses = functional.binary_cross_entropy_with_logits(logits, labels[:, None].expand_as(logits), reduction="none")
        weights = torch.from_numpy(self._weights[chosen]).to(logits)
        loss: Tensor = (losses * weights).sum() / weights.sum().clamp(min=1)
        if not torch.isfinite(loss):
            raise LearnerError(
                f"the loss is not a number at step {state.step + 1}", "lower learningRate, or turn bf16 off, and start again"
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self._optimizer.step()
        state.step += 1
        state.batch += 1
        state.epoch_loss += loss.item() * len(chosen)

    def _schedule(self) -> float:
        """Share of the step size: rises linearly in the warm-up, then falls linearly to 0 at the end of the last epoch."""
        total = self._batches_an_epoch * self.config.epochs
        warm = self.config.warmup * total
        step = self.state.step
        return min((step + 1) / (warm + 1), (total - step) / max(1.0, total - warm))

    def _judge(self) -> None:
        """Ends an epoch: compares it with the best so far."""
        state, config = self.state, self.config
        held_out = self._validation_logloss()
        state.epoch += 1
        state.history.append({"trainLogloss": state.epoch_loss / len(self._train), "validationLogloss": held_out})
        state.batch, state.epoch_loss = 0, 0.0
        if held_out < state.best_logloss:
            state.best_epoch, state.best_logloss = state.epoch, held_out
            self._best = copy.deepcopy(self.model.state_dict())
        state.finished = state.epoch == config.epochs or state.epoch - state.best_epoch >= config.patience

    def _validation_logloss(self) -> float:
        predictions = predict(self.model, self._validation, lambda _: self._worker.check())
        return logloss(self._validation.labels, predictions if self._seen is None else predictions * self._seen.validation)

    def _tell(self) -> None:
        state = self.state
        total = self._batches_an_epoch * self.config.epochs
        best = f", validation logloss {state.best_logloss:.4f} at best" if state.history else ""
        self._worker.progress("train", state.step, total, "steps", f"pass {state.epoch + 1} of {self.config.epochs} at most{best}")

    def _save(self) -> None:
        content = {
            "state": dataclasses.asdict(self.state),
            "model": self.model.state_dict(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
        write_atomically(self._checkpoint, lambda path: torch.save(content, path))

    def _restore(self) -> None:
        content: dict[str, Any] = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        self.state = State(**content["state"])
        self.model.load_state_dict(content["model"])
        self._best = content["best"]
        self._optimizer.load_state_dict(content["optimizer"])
        torch.set_rng_state(content["random"].cpu())
