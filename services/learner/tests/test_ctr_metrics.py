from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from gqr_learner.ctr.impressions import Impression, Impressions
from gqr_learner.ctr.metrics import (
    SMOOTHING,
    auc,
    baselines,
    calibration_error,
    diff_ctr,
    grouped_auc,
    logloss,
    logloss_error,
    measure,
)

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def labels(*values: int) -> "np.ndarray[tuple[int], np.dtype[np.int8]]":
    return np.array(values, dtype=np.int8)


def impressions(*lists: tuple[str, list[int]], days: int = 1) -> Impressions:
    rows = [
        Impression(task, BEGIN + timedelta(days=i % days), "q", [f"text {k}" for k in range(len(clicks))], clicks, "live")
        for i, (task, clicks) in enumerate(lists)
    ]
    return Impressions("test", rows)


def test_auc_and_logloss_agree_with_scikit_learn_ties_included() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        y = rng.integers(0, 2, 200).astype(np.int8)
        p = np.round(rng.random(200), 1) * 0.98 + 0.01
        assert auc(y, p) == pytest.approx(roc_auc_score(y, p), abs=1e-12)
        assert logloss(y, p) == pytest.approx(log_loss(y, p), abs=1e-9)


def test_auc_of_one_class_does_not_exist() -> None:
    assert auc(labels(0, 0), np.array([0.1, 0.2])) is None


def test_grouped_auc_leaves_out_groups_of_one_class() -> None:
    y, p = labels(1, 0, 0, 1, 0, 0), np.array([0.9, 0.1, 0.8, 0.3, 0.5, 0.5])
    # Group a: 0.9 over 0.1, so 1. Group b: 0.3 under 0.8, so 0. Group c has no click.
    assert grouped_auc(y, p, ["a", "a", "b", "b", "c", "c"]) == (0.5, 2)


def test_calibration_error_of_two_instances_by_hand() -> None:
    # A bin each: |0.2 - 0| and |0.9 - 1|, each with weight 1/2.
    assert calibration_error(labels(0, 1), np.array([0.2, 0.9])) == pytest.approx(0.15)


def test_equation_9_by_hand() -> None:
    # Predicted by day 0.2 and 0.4 (mean 0.3), real 0.5 and 0.5 (mean 0.5): |0.2 * 5/3 - 0.5| and |0.4 * 5/3 - 0.5|, both 1/6.
    p = np.array([0.2, 0.2, 0.4, 0.4])
    assert diff_ctr(labels(0, 1, 0, 1), p, [1, 1, 2, 2]) == pytest.approx(1 / 6)
    assert diff_ctr(labels(0, 1, 0, 1), p, [1, 1, 1, 1]) is None


def test_equation_9_does_not_mind_a_constant_factor() -> None:
    rng = np.random.default_rng(2)
    y, p, days = rng.integers(0, 2, 90).astype(np.int8), rng.random(90), list(np.arange(90) // 30)
    assert diff_ctr(y, p, days) == pytest.approx(diff_ctr(y, p / 3, days))


def test_baselines_read_no_text() -> None:
    train = impressions(("a", [1, 0]), ("a", [1, 0]), ("b", [0, 0]))
    guesses = baselines(train, impressions(("a", [0, 1, 0]), ("c", [0])))
    assert guesses["mean"].tolist() == [pytest.approx(2 / 6)] * 4
    first, second, unseen, other = guesses["position"]
    assert first == pytest.approx((2 + SMOOTHING / 3) / (2 + SMOOTHING))
    assert second == pytest.approx((0 + SMOOTHING / 3) / (2 + SMOOTHING))
    assert unseen == other == pytest.approx(1 / 3)


def test_measures_a_perfect_ranking() -> None:
    test = impressions(("a", [1, 0]), ("b", [0, 1]), days=2)
    measured = measure(test, np.array([0.9, 0.1, 0.2, 0.8]))
    assert measured["auc"] == 1.0
    assert measured["aucByTask"] == {"a": 1.0, "b": 1.0}
    assert (measured["aucWithinImpression"], measured["impressionsRanked"]) == (1.0, 2)
    assert (measured["clickRate"], measured["meanPrediction"]) == (0.5, 0.5)
    assert (measured["days"], measured["diffCtr"]) == (2, 0.0)


def test_error_of_a_logloss_difference_counts_lists_not_queries() -> None:
    rng = np.random.default_rng(5)
    excess = []
    for _ in range(300):
        lists = [Impression("t", BEGIN, "q", ["a", "b"], [int(click)] * 2, "live") for click in rng.random(80) < 0.3]
        span = Impressions("test", lists)
        told, guess = np.tile([0.35, 0.35], 80), np.tile([0.2, 0.2], 80)
        excess.append((logloss(span.labels(), told) - logloss(span.labels(), guess), logloss_error(span, told, guess)))
    differences, errors = np.array(excess).T
    assert errors.mean() == pytest.approx(differences.std(), rel=0.15)
