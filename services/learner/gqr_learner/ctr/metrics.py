"""Measures of a click predictor (paper appendix B.1), and the baselines that it has to beat on the same rows."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC
from typing import Any

import numpy as np
import numpy.typing as npt

from gqr_learner.ctr.impressions import Impressions

Labels = npt.NDArray[np.int8]
Predictions = npt.NDArray[np.float64]

BINS = 15
"""Bins of the calibration error, of equally many instances."""

SMOOTHING = 20.0
"""Instances of the overall rate that are added to those of a task and position."""


def midranks(values: Predictions) -> Predictions:
    """Ranks from 1; those that are equal share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Predictions = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks


def auc(labels: Labels, predictions: Predictions) -> float | None:
    """Area under the ROC curve, ties counted half; None if one class is missing."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if positives == 0 or negatives == 0:
        return None
    rank_sum = midranks(predictions)[labels == 1].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))


def logloss(labels: Labels, predictions: Predictions) -> float:
    """Mean of Eq. 5, in nats."""
    p = np.clip(predictions, 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(labels == 1, np.log(p), np.log1p(-p))))


def excess_losses(labels: Labels, predictions: Predictions, baseline: Predictions) -> Predictions:
    """By how much the loss of each instance (Eq. 5, in nats) is above the baseline's, float64 [instances]."""
    ours, theirs = (-np.log(np.clip(np.where(labels == 1, p, 1 - p), 1e-7, 1)) for p in (predictions, baseline))
    excess: Predictions = ours - theirs
    return excess


def clustered_error(values: Predictions, groups: npt.NDArray[np.int64]) -> float:
    """Standard error of the mean of values [n], of which only those of different groups are independent."""
    by_group = np.bincount(groups, weights=values - values.mean())
    return float(np.sqrt((by_group**2).sum()) / len(values))


def logloss_error(impressions: Impressions, predictions: Predictions, baseline: Predictions) -> float:
    """Standard error of the difference between two loglosses on the same rows; lists are independent, their queries are not."""
    lists = np.repeat(np.arange(len(impressions.rows)), [len(row.queries) for row in impressions.rows])
    return clustered_error(excess_losses(impressions.labels(), predictions, baseline), lists)


def bins_by_prediction(predictions: Predictions) -> list[npt.NDArray[np.int64]]:
    """Instances in bins of equally many, by rising prediction; those that are empty are left out."""
    order = np.argsort(predictions, kind="stable")
    return [rows for rows in np.array_split(order, BINS) if len(rows) > 0]


def calibration_error(labels: Labels, predictions: Predictions) -> float:
    """Mean distance between predicted and real click rate over bins of equally many instances, by rising prediction."""
    bins = bins_by_prediction(predictions)
    return float(sum(len(b) * abs(predictions[b].mean() - labels[b].mean()) for b in bins) / len(labels))


def grouped_auc(labels: Labels, predictions: Predictions, groups: Iterable[Hashable]) -> tuple[float | None, int]:
    """Mean AUC within the groups that have both classes, and their number: does it rank what is shown together?"""
    members: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    within = [auc(labels[rows], predictions[rows]) for rows in members.values()]
    defined = [value for value in within if value is not None]
    return (float(np.mean(defined)) if defined else None), len(defined)


def diff_ctr(labels: Labels, predictions: Predictions, days: Sequence[Hashable]) -> float | None:
    """Eq. 9: mean distance between a day's click rate and its mean prediction, rescaled so that both agree over all days.

    None for a single day, where it is 0 by construction.
    """
    members: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, day in enumerate(days):
        members[day].append(index)
    if len(members) < 2:
        return None
    predicted = np.array([predictions[rows].mean() for rows in members.values()])
    real = np.array([labels[rows].mean() for rows in members.values()])
    return float(np.mean(np.abs(predicted * real.mean() / predicted.mean() - real)))


def measure(impressions: Impressions, predictions: Predictions) -> dict[str, Any]:
    """All measures of predictions for the instances of `impressions`, in the order of `impressions.labels()`."""
    labels = impressions.labels()
    rows = [(number, row) for number, row in enumerate(impressions.rows) for _ in row.queries]
    tasks = np.array([row.task for _, row in rows])
    days = [row.occurred_at.astimezone(UTC).date() for _, row in rows]
    within_list, lists = grouped_auc(labels, predictions, (number for number, _ in rows))
    within_prompt, prompts = grouped_auc(labels, predictions, ((row.task, row.query) for _, row in rows))
    return {
        "auc": auc(labels, predictions),
        "aucByTask": {str(task): auc(labels[tasks == task], predictions[tasks == task]) for task in np.unique(tasks)},
        "aucWithinImpression": within_list,
        "impressionsRanked": lists,
        "aucWithinPrompt": within_prompt,
        "promptsRanked": prompts,
        "logloss": logloss(labels, predictions),
        "calibrationError": calibration_error(labels, predictions),
        "meanPrediction": float(predictions.mean()),
        "clickRate": float(labels.mean()),
        "diffCtr": diff_ctr(labels, predictions, days),
        "days": len(set(days)),
    }


def baselines(train: Impressions, test: Impressions) -> dict[str, Predictions]:
    """Predictions for `test` of two predictors that read no text: the mean of `train`, and its click rate by task and position."""
    mean = float(train.labels().mean())
    shown: defaultdict[tuple[str, int], int] = defaultdict(int)
    clicked: defaultdict[tuple[str, int], int] = defaultdict(int)
    for row in train.rows:
        for position, click in enumerate(row.clicks):
            shown[row.task, position] += 1
            clicked[row.task, position] += click
    places = [(row.task, position) for row in test.rows for position in range(len(row.queries))]
    by_position = [(clicked[place] + SMOOTHING * mean) / (shown[place] + SMOOTHING) for place in places]
    return {"mean": np.full(len(places), mean), "position": np.array(by_position)}
