import numpy as np
import pytest

from gqr_learner.ctr.calibration import calibrate_by_task, fit, logits_of
from gqr_learner.ctr.metrics import auc, calibration_error


def clicks(logits: np.ndarray, seed: int) -> np.ndarray:
    drawn: np.ndarray = np.random.default_rng(seed).random(len(logits)) < 1 / (1 + np.exp(-logits))
    return drawn.astype(np.int8)


def test_finds_the_scale_and_the_shift_by_which_a_predictor_is_wrong() -> None:
    true = np.random.default_rng(1).normal(-2, 1, 40_000)
    scale, shift = fit((true + 1) / 0.5, clicks(true, 2))
    assert scale == pytest.approx(0.5, abs=0.03)
    assert shift == pytest.approx(-1, abs=0.06)


def test_changes_little_where_it_has_seen_little() -> None:
    scale, shift = fit(np.full(5, -3.0), np.array([0, 0, 0, 0, 1], dtype=np.int8))
    assert 0.7 < scale < 1.3
    assert abs(shift) < 1.5


def test_mends_each_task_for_itself_without_changing_an_order() -> None:
    rng = np.random.default_rng(3)
    true = rng.normal(-2, 1, 30_000)
    tasks = rng.integers(1, 3, 30_000).astype(np.int32)
    labels = clicks(true, 4)
    told = np.where(tasks == 1, true * 2 + 1, true - 1)
    calibration = calibrate_by_task(told, labels, tasks, 4)
    scale, shift = calibration.scale, calibration.shift
    mended = scale[tasks] * told + shift[tasks]
    assert logits_of(calibration.undo(1 / (1 + np.exp(-mended)), tasks)) == pytest.approx(told, abs=1e-4)
    for task in (1, 2):
        rows = tasks == task
        before, after = (calibration_error(labels[rows], 1 / (1 + np.exp(-values[rows]))) for values in (told, mended))
        assert after < 0.01 < before
        assert auc(labels[rows], mended[rows]) == pytest.approx(auc(labels[rows], told[rows]))
    # Nobody asked for task 3 yet, so it is treated as all are.
    assert (scale[0], shift[0]) == (scale[3], shift[3])
