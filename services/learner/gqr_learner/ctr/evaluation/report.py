"""What an evaluation says: the predictor's figures with the baselines that read no text, by task, slice, reliability and length."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from gqr_learner.ctr.evaluation.columns import Columns, Mask
from gqr_learner.ctr.evaluation.figures import by_task, few_figures, figures, reliability, slices
from gqr_learner.ctr.evaluation.length_bias import length_bias
from gqr_learner.ctr.evaluation.spans import Log, Span
from gqr_learner.ctr.evaluation.truth import against_truth, align, over_situations
from gqr_learner.ctr.impressions import Impressions
from gqr_learner.ctr.metrics import Predictions, baselines, clustered_error, excess_losses

HEADLINES = ("auc", "aucWithinList", "aucWithinPrompt", "logloss", "calibrationError", "diffCtr", "meanPrediction")


class Judge:
    """Holds predictions against the test span of a log."""

    def __init__(self, log: Log, seed: int) -> None:
        test = log.test.impressions
        self.columns = Columns.of(test, log.repeated)
        self._seed = seed
        self._guesses = baselines(log.train.impressions, Impressions("asked", [row for part in asked_of(log) for row in part.rows]))
        self._panel = None if log.panel is None else Columns.of(log.panel.impressions)
        if log.panel is not None:
            self._panel_truth = align(log.panel.truth, log.panel.ids, [len(row.queries) for row in log.panel.impressions.rows])
        self._new = _of_new_prompts(log, self.columns)
        lengths = [len(row.queries) for row in test.rows]
        self._truth = None if log.truth is None else align(log.truth, log.test.ids, lengths)

    def figures(self, predictions: Predictions) -> dict[str, Any]:
        """All figures of predictions of `asked_of(log)`; those against the truth and of the panel where there are such."""
        predictions, on_panel = np.split(predictions, [len(self.columns)])
        found = figures(self.columns, predictions, self._seed)
        panel = None if self._panel is None else over_situations(self._panel.contexts, on_panel, self._panel_truth, self._seed)
        truth = None if self._truth is None else against_truth(self.columns, predictions, self._truth)
        return {**found, "truth": truth, "panel": panel}

    @cached_property
    def baselines(self) -> dict[str, Any]:
        """The figures of the mean click rate and of that by task and position, which read no text."""
        return {name: self.figures(guess) for name, guess in self._guesses.items()}

    def _against_baselines(self, predictions: Predictions) -> dict[str, Any]:
        """Their figures with those by task, and the predictor's logloss less theirs: below 0, the predictor is better."""
        found = {}
        for name, all_of_it in self._guesses.items():
            guess = all_of_it[: len(self.columns)]
            excess = excess_losses(self.columns.labels, predictions, guess)
            found[name] = {
                **self.baselines[name],
                "byTask": by_task(self.columns, guess, self._seed),
                "loglossOfModelLess": float(excess.mean()),
                "standardError": clustered_error(excess, self.columns.clusters),
            }
        return found

    def report(self, predictions: Predictions) -> dict[str, Any]:
        """Everything that is said of one predictor."""
        columns, whole = self.columns, self.figures(predictions)
        predictions = predictions[: len(columns)]
        masks = {str(task): columns.tasks == task for task in np.unique(columns.tasks)}
        parts = {"all": (columns, predictions), **{task: (columns.where(mask), predictions[mask]) for task, mask in masks.items()}}
        return {
            "model": whole,
            "byTask": by_task(columns, predictions, self._seed),
            "baselines": self._against_baselines(predictions),
            "promptsNotInTraining": few_figures(columns.where(self._new), predictions[self._new]),
            "slices": slices(columns, predictions),
            "reliability": {name: reliability(*part) for name, part in parts.items()},
            "lengthBias": {name: length_bias(*part) for name, part in parts.items()},
        }


def asked_of(log: Log) -> list[Impressions]:
    """What a predictor is asked of, one after the other: the test span, and the panel if there is one."""
    return [log.test.impressions, *([log.panel.impressions] if log.panel is not None else [])]


def over_seeds(found: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Headline figures by seed, and their mean and standard deviation (null for one seed)."""
    by_seed = [{"seed": seed, **headlines(each)} for seed, each in found.items()]
    summary = {}
    for name in by_seed[0]:
        values = [each[name] for each in by_seed if each[name] is not None]
        if name != "seed":
            summary[name] = {
                "mean": float(np.mean(values)) if values else None,
                "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            }
    return {"bySeed": by_seed, **summary}


def headlines(found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that are compared over seeds and models."""
    truth = found["truth"]
    return {
        **{name: found[name] for name in HEADLINES},
        "truthWithinContext": None if truth is None else truth["withinContext"],
        "truthWithinPrompt": None if truth is None else truth["withinPrompt"],
        "truthWithinList": None if truth is None else truth["withinList"],
        "panel": None if found["panel"] is None else found["panel"]["correlation"],
    }


def describe(span: Span) -> dict[str, Any]:
    """What a span holds."""
    impressions = span.impressions
    labels = impressions.labels()
    return {
        "lists": len(impressions.rows),
        "instances": len(labels),
        "clicks": int(labels.sum()),
        "clickRate": float(labels.mean()),
        "start": impressions.start.isoformat(),
        "end": impressions.end.isoformat(),
        "tasks": impressions.tasks(),
        "traffic": impressions.traffic(),
    }


def _of_new_prompts(log: Log, columns: Columns) -> Mask:
    known = {(row.task, row.query) for span in (log.train, log.validation) for row in span.impressions.rows}
    new = np.array([(row.task, row.query) not in known for row in log.test.impressions.rows])
    mask: Mask = new[columns.lists]
    return mask
