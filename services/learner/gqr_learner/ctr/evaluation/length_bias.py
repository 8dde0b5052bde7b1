"""Whether a predictor likes long queries more than users do, which alignment would amplify (paper 3.2.2, "Lengthy responses")."""

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from gqr_learner.ctr.evaluation.columns import Columns
from gqr_learner.ctr.evaluation.intervals import NORMAL_95
from gqr_learner.ctr.metrics import Predictions


def length_bias(columns: Columns, predictions: Predictions) -> dict[str, Any]:
    """How prediction, click and their difference go with the words of the shown query.

    `excessPerWord` is the slope of prediction minus click over words, within task and position, so that long lists of short texts
    do not look like a taste for length; its 95% interval takes clusters for independent and not the queries in them. A predictor is
    biased towards length if the interval lies above 0, against it if below. Null, with the reason, where all are equally long.
    """
    cells = np.unique(np.stack([np.unique(columns.tasks, return_inverse=True)[1], columns.positions]), axis=1, return_inverse=True)[
        1
    ]
    words = _within(columns.words.astype(np.float64), cells)
    excess = _within(predictions - columns.labels, cells)
    spread = float((words**2).sum())
    found: dict[str, Any] = {
        "scoreWithWords": _rank_correlation(predictions, columns.words),
        "clickWithWords": _rank_correlation(columns.labels, columns.words),
        "excessPerWord": None,
        "interval": None,
        "verdict": None,
    }
    if spread < 1e-12:
        return found | {"missing": {"excessPerWord": "at each position of a task all shown queries have the same number of words"}}
    slope = float((words * excess).sum()) / spread
    by_cluster = np.bincount(columns.clusters, weights=words * (excess - slope * words))
    error = float(np.sqrt((by_cluster**2).sum())) / spread
    low, high = slope - NORMAL_95 * error, slope + NORMAL_95 * error
    verdict = "likes long queries too much" if low > 0 else "likes long queries too little" if high < 0 else "no bias found"
    return found | {"excessPerWord": slope, "interval": [low, high], "verdict": verdict, "missing": {}}


def _within(values: Predictions, cells: np.ndarray[Any, Any]) -> Predictions:
    """Values without the mean of their cell."""
    centred: Predictions = values - (np.bincount(cells, weights=values) / np.bincount(cells))[cells]
    return centred


def _rank_correlation(values: np.ndarray[Any, Any], words: np.ndarray[Any, Any]) -> float | None:
    """Spearman's, None where one of the two never changes."""
    if len(np.unique(values)) < 2 or len(np.unique(words)) < 2:
        return None
    return float(spearmanr(values, words).statistic)
