"""Compares predictions with true click probabilities: those of a simulated world, or click rates measured on many users.

They are read here, for evaluation, and by nothing that trains.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata, spearmanr

from gqr_learner.ctr.evaluation.columns import Column, Columns, renumbered
from gqr_learner.ctr.evaluation.intervals import RESAMPLES
from gqr_learner.ctr.evaluation.lines import numbered_lines
from gqr_learner.ctr.metrics import Predictions
from gqr_learner.worker import LearnerError

GOAL = 0.8
"""Rank correlation within a prompt that a reward for alignment should reach."""

Truth = Mapping[str, Sequence[float]]
"""Click probability of each query of a list, by impression id."""

REMEDY = 'write one {"impressionId": "...", "clickProbabilities": [one a query, in order of position]} a line'


def read_truth(path: Path) -> Truth:
    """Reads `{"impressionId", "clickProbabilities"}` a line, as services/simulator writes it.

    Raises:
        LearnerError: naming the line.
    """
    truth: dict[str, list[float]] = {}
    for number, line in numbered_lines(path):
        try:
            value = json.loads(line)
            name, probabilities = value["impressionId"], [float(p) for p in value["clickProbabilities"]]
        except (ValueError, KeyError, TypeError) as error:
            raise LearnerError(f"{path}:{number} is no ground truth: {error!r}", REMEDY) from error
        if not isinstance(name, str) or not all(0 <= p <= 1 for p in probabilities):
            raise LearnerError(f"{path}:{number} has a probability outside of [0, 1], or no id", REMEDY)
        truth[name] = probabilities
    return truth


def align(truth: Truth, ids: Sequence[str], lengths: Sequence[int]) -> Predictions:
    """Probabilities in the order of the instances, NaN [n] where a list has none.

    Raises:
        LearnerError: if a list has another number of queries than its ground truth, or no list has any.
    """
    aligned: list[float] = []
    for name, length in zip(ids, lengths, strict=True):
        known = truth.get(name)
        if known is not None and len(known) != length:
            raise LearnerError(f"impression {name} has {length} queries and {len(known)} true probabilities", REMEDY)
        aligned += [np.nan] * length if known is None else known
    if not any(name in truth for name in ids):
        raise LearnerError("no test impression has a ground truth", "give the ground truth of the same log as the test file")
    return np.array(aligned)


def against_truth(columns: Columns, predictions: Predictions, truth: Predictions) -> dict[str, Any]:
    """Rank correlations with the truth, in which NaN [n] is unknown.

    `withinContext` compares what was shown in one and the same situation, which is prompt, session before it and list above: what
    alignment compares. `withinPrompt` compares what was shown for one prompt at one position, over all its lists, so that what a
    session did to its user counts too, which few predictors are told. `withinList` compares the queries of one list, so that the
    position helps. All are means of Spearman's correlation over groups in which the truth differs, weighted by their size less one;
    a predictor that cannot tell two apart gets 0 for them.
    """
    known = ~np.isnan(truth)
    columns, predictions, truth = columns.where(known), predictions[known], truth[known]
    places = renumbered(columns.prompts * (int(columns.positions.max()) + 1) + columns.positions)
    within_prompt, prompts = _within(places, predictions, truth)
    within_context, contexts = _within(columns.contexts, predictions, truth)
    within_list, lists = _within(columns.lists, predictions, truth)
    missing = {}
    if within_prompt is None:
        missing["withinPrompt"] = "no prompt was shown two queries of different truth at one position"
    if within_context is None:
        missing["withinContext"] = "no two queries of different truth were shown in the same situation"
    if within_list is None:
        missing["withinList"] = "no list has two queries of different truth"
    overall = float(spearmanr(predictions, truth).statistic) if min(np.ptp(predictions), np.ptp(truth)) > 0 else None
    if overall is None:
        missing["overall"] = "predictions or truth are all the same"
    return {
        "instances": int(known.sum()),
        "unknown": int((~known).sum()),
        "overall": overall,
        "withinContext": within_context,
        "contextsCompared": contexts,
        "withinPrompt": within_prompt,
        "promptsCompared": prompts,
        "withinList": within_list,
        "listsCompared": lists,
        "goal": GOAL,
        "meanAbsoluteError": float(np.abs(predictions - truth).mean()),
        "missing": missing,
    }


def over_situations(contexts: Column, predictions: Predictions, truth: Predictions, seed: int) -> dict[str, Any]:
    """Mean rank correlation within a situation, with a 95% bootstrap over situations: what alignment asks of its reward.

    As `withinContext` of `against_truth`, but that every situation weighs the same.
    """
    known = ~np.isnan(truth)
    found = np.array([correlation for correlation, _ in _correlations(contexts[known], predictions[known], truth[known])])
    if len(found) == 0:
        return {"correlation": None, "interval": None, "situations": 0, "goal": GOAL}
    rng = np.random.default_rng(seed)
    means = found[rng.integers(len(found), size=(RESAMPLES, len(found)))].mean(1)
    interval = [float(end) for end in np.quantile(means, [0.025, 0.975])] if len(found) > 1 else None
    return {"correlation": float(found.mean()), "interval": interval, "situations": len(found), "goal": GOAL}


def _within(groups: Column, predictions: Predictions, truth: Predictions) -> tuple[float | None, int]:
    found = list(_correlations(groups, predictions, truth))
    weight = sum(size - 1 for _, size in found)
    return (sum(correlation * (size - 1) for correlation, size in found) / weight if weight > 0 else None), len(found)


def _correlations(groups: Column, predictions: Predictions, truth: Predictions) -> Iterator[tuple[float, int]]:
    """Spearman's correlation and size of each group in which the truth differs."""
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    for rows in members:
        # What is the same text has the same truth up to rounding.
        right = rankdata(np.round(truth[rows], 12))
        if len(rows) < 2 or np.ptp(right) == 0:
            continue
        told = rankdata(predictions[rows])
        yield (float(np.corrcoef(told, right)[0, 1]) if np.ptp(told) > 0 else 0.0), len(rows)
