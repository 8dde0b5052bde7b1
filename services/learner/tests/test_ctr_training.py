import dataclasses
import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.input import CtrInput
from gqr_learner.ctr.instances import Instances, pack
from gqr_learner.ctr.model import Architecture, CtrModel
from gqr_learner.ctr.training import State, Training, bootstrap, predict, predict_both
from gqr_learner.worker import LearnerError, Stopped, Worker

TINY = Architecture(layers=2, hidden=8, heads=2, intermediate=16, dropout=0.1, vocabulary=30, max_length=12, max_domains=4, tasks=2)
CONFIG = CtrConfig(epochs=3, batch_size=16, learning_rate=0.01, seed=5)


def instances(count: int, seed: int) -> Instances:
    """Targets of which those with an even token are clicked."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(10, 30, count)
    inputs = [CtrInput([2, 5, 3, int(token)], [0, 0, 0, 1], [0, 0, 0, 1], 1) for token in tokens]
    return pack(inputs, (tokens % 2 == 0).astype(np.int8))


def training(folder: Path, worker: Worker, config: CtrConfig = CONFIG) -> Training:
    torch.manual_seed(1)
    return Training(config, CtrModel(TINY), instances(320, 1), instances(64, 2), folder, worker)


class StopsAfter(Worker):
    """Is told to stop before a step."""

    def __init__(self, steps: int) -> None:
        super().__init__(io.StringIO())
        self.steps = steps

    def check(self) -> None:
        if self.steps == 0:
            raise Stopped
        self.steps -= 1


def weights(run: Training) -> list[float]:
    return [value for tensor in run.model.state_dict().values() for value in tensor.flatten().tolist()]


def test_learns_what_there_is_to_learn(tmp_path: Path) -> None:
    run = training(tmp_path, Worker(io.StringIO()))
    state = run.run()
    first, *_, last = (epoch["validationLogloss"] for epoch in state.history)
    assert last < 0.35 < 0.5 < first
    assert predict(run.model, instances(64, 2)).shape == (64,)


@pytest.mark.parametrize("steps", [1, 30, 50])
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path, steps: int) -> None:
    whole = training(tmp_path / "a", Worker(io.StringIO()))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    expected = whole.run()
    with pytest.raises(Stopped):
        training(tmp_path / "b", StopsAfter(steps)).run()
    resumed = training(tmp_path / "b", Worker(io.StringIO()))
    state = resumed.run()
    assert state.history == expected.history
    assert weights(resumed) == weights(whole)


def test_a_checkpoint_of_before_parts_had_rates_of_their_own_goes_on(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        training(tmp_path, StopsAfter(30)).run()
    saved = torch.load(tmp_path / "training.pt", weights_only=True)
    for group in saved["optimizer"]["param_groups"]:
        del group["times"]
    torch.save(saved, tmp_path / "training.pt")
    resumed = training(tmp_path, Worker(io.StringIO()))
    resumed.run()
    (tmp_path / "whole").mkdir()
    whole = training(tmp_path / "whole", Worker(io.StringIO()))
    whole.run()
    assert weights(resumed) == weights(whole)


def test_stops_early_and_keeps_the_best_weights(tmp_path: Path) -> None:
    # With labels turned round in validation, the first epoch is the best one.
    run = training(tmp_path, Worker(io.StringIO()), CtrConfig(epochs=20, patience=2, batch_size=16, learning_rate=0.01))
    turned = instances(64, 2)
    run._validation = Instances(turned.tokens, turned.offsets, turned.tasks, (1 - turned.labels).astype(np.int8))
    state = run.run()
    assert state.epoch == state.best_epoch + 2 < 20
    kept = predict(run.model, run._validation)
    wrong = -np.mean(np.where(run._validation.labels == 1, np.log(kept), np.log1p(-kept)))
    assert wrong == pytest.approx(state.best_logloss, abs=1e-6)


def test_a_loss_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    run = training(tmp_path, Worker(io.StringIO()))
    with torch.no_grad():
        run.model.head[-1].bias.fill_(math.nan)  # type: ignore[operator]
    with pytest.raises(LearnerError, match="not a number at step 1") as caught:
        run.run()
    assert "learningRate" in caught.value.remedy


def test_heads_see_samples_of_their_own_and_disagree(tmp_path: Path) -> None:
    weights = bootstrap(5000, 4, 1)
    assert weights.mean(0) == pytest.approx(1, abs=0.06)
    assert abs(np.corrcoef(weights.T.astype(float))[0, 1]) < 0.05
    assert (bootstrap(7, 1, 1) == 1).all()
    torch.manual_seed(1)
    model = CtrModel(dataclasses.replace(TINY, ensemble=4))
    run = Training(CONFIG, model, instances(320, 1), instances(64, 2), tmp_path, Worker(io.StringIO()))
    run.run()
    known = instances(64, 2)
    probabilities, uncertainties = predict_both(model, known)
    assert np.array_equal(probabilities, predict(model, known))
    assert 0 < uncertainties.mean() < 0.2


def test_the_step_size_rises_and_then_falls_to_zero(tmp_path: Path) -> None:
    run = training(tmp_path, Worker(io.StringIO()), CtrConfig(epochs=5, batch_size=16, warmup=0.1))
    shares = []
    for step in range(100):
        run.state = State(step=step)
        shares.append(run._schedule())
    assert shares[0] == pytest.approx(1 / 11)
    assert shares == [*sorted(shares[:11]), *sorted(shares[11:], reverse=True)]
    assert max(shares) == pytest.approx(1, abs=0.05)
    assert shares[-1] == pytest.approx(1 / 90)


def test_a_parent_that_cannot_be_improved_on_keeps_its_weights(tmp_path: Path) -> None:
    # With labels turned round in validation, whatever it learns makes it worse than the mean that it begins with.
    turned = instances(64, 2)
    held_out = Instances(turned.tokens, turned.offsets, turned.tasks, (1 - turned.labels).astype(np.int8))
    parent = CtrModel(TINY)
    parent.start_at(0.5)
    config = CtrConfig(init="parent", epochs=6, patience=2, batch_size=16, learning_rate=0.01)
    run = Training(config, parent, instances(320, 1), held_out, tmp_path, Worker(io.StringIO()))
    before = weights(run)
    state = run.run()
    assert (state.best_epoch, state.epoch) == (0, 2)
    assert weights(run) == before
    assert state.best_logloss == pytest.approx(math.log(2), abs=1e-6)
