"""How sure an AUC is: DeLong's interval, and a bootstrap over lists that does not take the queries of a list for independent."""

import numpy as np
import numpy.typing as npt

from gqr_learner.ctr.metrics import Labels, Predictions, auc, midranks

RESAMPLES = 400
"""Resamples of a bootstrap: the ends of its interval are then good to about a tenth of its width."""

NORMAL_95 = 1.959963984540054

Interval = tuple[float, float]


def delong_interval(labels: Labels, predictions: Predictions) -> Interval | None:
    """95% interval of the AUC by DeLong, DeLong and Clarke-Pearson (1988), with the midranks of Sun and Xu (2014).

    It takes every instance for independent. None with fewer than two of a class, where there is no variance to estimate.
    """
    value = auc(labels, predictions)
    clicked, passed = predictions[labels == 1], predictions[labels == 0]
    if value is None or min(len(clicked), len(passed)) < 2:
        return None
    everything = np.concatenate([clicked, passed])
    ranks = midranks(everything)
    # Share of the other class that each instance is ranked rightly against; their means are the AUC.
    of_clicked = (ranks[: len(clicked)] - midranks(clicked)) / len(passed)
    of_passed = 1 - (ranks[len(clicked) :] - midranks(passed)) / len(clicked)
    variance = of_clicked.var(ddof=1) / len(clicked) + of_passed.var(ddof=1) / len(passed)
    return _bounded(value, float(np.sqrt(variance)))


def bootstrap_interval(labels: Labels, predictions: Predictions, groups: npt.NDArray[np.int64], seed: int) -> Interval | None:
    """95% interval of the AUC by resampling groups, such as lists, `groups` [n] being that of each instance, numbered from 0.

    Resamples without one of the classes are left out; None if fewer than half have both.
    """
    count = int(groups.max()) + 1 if len(groups) > 0 else 0
    order = np.argsort(predictions, kind="stable")
    starts = np.flatnonzero(np.diff(predictions[order], prepend=np.nan) != 0)
    clicked, owner = labels[order] == 1, groups[order]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES if count > 1 else 0):
        weights = np.bincount(rng.integers(count, size=count), minlength=count)[owner]
        positives = np.add.reduceat(np.where(clicked, weights, 0), starts)
        negatives = np.add.reduceat(np.where(clicked, 0, weights), starts)
        pairs = float(positives.sum()) * float(negatives.sum())
        if pairs > 0:
            below = np.cumsum(negatives) - negatives
            found.append(float((positives * (below + negatives / 2)).sum()) / pairs)
    if len(found) < RESAMPLES / 2:
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def proportion_interval(clicks: int, shown: int) -> Interval:
    """95% interval of a click rate by Wilson (1927), which stays in [0, 1] and is not empty without a click."""
    z = NORMAL_95**2 / shown
    rate = clicks / shown
    middle = (rate + z / 2) / (1 + z)
    reach = NORMAL_95 / (1 + z) * float(np.sqrt(rate * (1 - rate) / shown + z / (4 * shown)))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _bounded(value: float, error: float) -> Interval:
    return max(0.0, value - NORMAL_95 * error), min(1.0, value + NORMAL_95 * error)
