"""The figures of predictions on one span: Table 2's, what alignment needs beside them, and why a figure does not exist."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gqr_learner.ctr.evaluation.columns import Columns
from gqr_learner.ctr.evaluation.intervals import bootstrap_interval, delong_interval, proportion_interval
from gqr_learner.ctr.metrics import Predictions, auc, bins_by_prediction, calibration_error, diff_ctr, grouped_auc, logloss

FewFigures = dict[str, Any]


def few_figures(columns: Columns, predictions: Predictions) -> FewFigures:
    """Figures of a slice. One that does not exist is null, and `missing` says why."""
    labels = columns.labels
    clicks = int(labels.sum())
    found: FewFigures = {"instances": len(labels), "lists": len(np.unique(columns.lists)), "clicks": clicks, "missing": {}}
    if len(labels) == 0:
        none = ("clickRate", "clickRateInterval", "meanPrediction", "auc", "logloss", "calibrationError")
        return found | dict.fromkeys(none) | {"missing": dict.fromkeys(none, "nothing was shown")}
    found |= {
        "clickRate": float(labels.mean()),
        "clickRateInterval": list(proportion_interval(clicks, len(labels))),
        "meanPrediction": float(predictions.mean()),
        "auc": auc(labels, predictions),
        "logloss": logloss(labels, predictions),
        "calibrationError": calibration_error(labels, predictions),
    }
    if found["auc"] is None:
        found["missing"]["auc"] = "nothing was clicked" if clicks == 0 else "everything was clicked"
    return found


def figures(columns: Columns, predictions: Predictions, seed: int) -> FewFigures:
    """All figures of a span or of one task. Days without a click count in Eq. 9, as days with a click rate of 0."""
    found = few_figures(columns, predictions)
    missing: dict[str, str] = found["missing"]
    labels = columns.labels
    within_list, lists = grouped_auc(labels, predictions, columns.lists.tolist())
    within_prompt, prompts = grouped_auc(labels, predictions, columns.prompts.tolist())
    days = np.unique(columns.days)
    without_click = [str(day) for day in days if labels[columns.days == day].sum() == 0]
    intervals = {
        "aucInterval": None if columns.repeated else delong_interval(labels, predictions),
        "aucIntervalOfClusters": bootstrap_interval(labels, predictions, columns.clusters, seed),
    }
    found |= {
        "clusters": "prompts" if columns.repeated else "lists",
        **{name: None if interval is None else list(interval) for name, interval in intervals.items()},
        "aucWithinList": within_list,
        "listsRanked": lists,
        "aucWithinPrompt": within_prompt,
        "promptsRanked": prompts,
        "diffCtr": diff_ctr(labels, predictions, columns.days.tolist()) if found["auc"] is not None else None,
        "days": len(days),
        "daysWithoutClick": without_click,
    }
    one_class = missing.get("auc")
    if one_class is not None:
        missing |= dict.fromkeys((*intervals, "diffCtr"), one_class)
    else:
        few = "fewer than two clicked or two passed over"
        missing |= {name: few for name, interval in intervals.items() if interval is None}
        if columns.repeated:
            missing["aucInterval"] = "instances are views of the same list, and DeLong takes them for independent"
        if found["diffCtr"] is None:
            missing["diffCtr"] = "Eq. 9 is 0 by construction for a single day"
    if within_list is None:
        missing["aucWithinList"] = "no list has a clicked and an unclicked query"
    if within_prompt is None:
        missing["aucWithinPrompt"] = "no prompt has a clicked and an unclicked query"
    return found


def by_task(columns: Columns, predictions: Predictions, seed: int) -> dict[str, FewFigures]:
    """The figures of each task."""
    masks = {str(task): columns.tasks == task for task in np.unique(columns.tasks)}
    return {task: figures(columns.where(mask), predictions[mask], seed) for task, mask in masks.items()}


def reliability(columns: Columns, predictions: Predictions) -> list[dict[str, Any]]:
    """Points of the reliability plot: bins of equally many instances by rising prediction, those of the calibration error."""
    points = []
    for rows in bins_by_prediction(predictions):
        clicks = int(columns.labels[rows].sum())
        points.append(
            {
                "instances": len(rows),
                "meanPrediction": float(predictions[rows].mean()),
                "clickRate": clicks / len(rows),
                "interval": list(proportion_interval(clicks, len(rows))),
            }
        )
    return points


MOST_POSITIONS = 10
LENGTHS: Mapping[str, tuple[int, int]] = {
    "1": (0, 1),
    "2": (2, 2),
    "3": (3, 3),
    "4": (4, 4),
    "5": (5, 5),
    "6": (6, 6),
    "7": (7, 7),
    "8 or 9": (8, 9),
    "10 to 12": (10, 12),
    "13 or more": (13, 10**9),
}
"""Slices by words of the shown query."""


def slices(columns: Columns, predictions: Predictions) -> dict[str, list[dict[str, Any]]]:
    """Figures by position (from the tenth on together), by words of the shown query and by day, for slices that have any."""
    capped = np.minimum(columns.positions, MOST_POSITIONS)
    masks = {
        "position": {f"{place}" if place < MOST_POSITIONS else f"{place} or more": capped == place for place in np.unique(capped)},
        "words": {name: (columns.words >= least) & (columns.words <= most) for name, (least, most) in LENGTHS.items()},
        "day": {str(day): columns.days == day for day in np.unique(columns.days)},
    }
    return {
        kind: [{"slice": name, **few_figures(columns.where(mask), predictions[mask])} for name, mask in parts.items() if mask.any()]
        for kind, parts in masks.items()
    }
