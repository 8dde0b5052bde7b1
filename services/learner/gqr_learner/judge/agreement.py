"""`judge-agreement`: how far the automatic judge agrees with people who labelled clarification panes (MIMICS, MIMICS-Duo)."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from gqr_learner.config import option, read_config
from gqr_learner.judge.judge import LEVELS, Verdict, judge
from gqr_learner.judge.lists import JudgedList
from gqr_learner.sentence_encoder import SentenceEncoder
from gqr_learner.worker import Job, LearnerError, Worker

OPTIONS = 5
QUALITY = ("Quality_Option{}", "option_label_{}")
"""Columns of an option's quality: MIMICS-Duo's task 2, and MIMICS-Manual."""
DIVERSITY = "Diversity"
"""Column of MIMICS-Duo's task 3."""


@dataclass(frozen=True)
class Config:
    """Config of `judge-agreement`."""

    seed: int = option(1, "Seed of the panes that options are put under by mistake", least=0)


@dataclass(frozen=True)
class Pane:
    """A query with its options, and what people said of them."""

    query: str
    options: tuple[str, ...]
    qualities: tuple[float, ...]
    """Of each option, if they were labelled."""
    diversity: float | None


def read_panes(path: Path) -> list[Pane]:
    """Reads a TSV file of MIMICS-Duo (tasks 2 and 3) or MIMICS-Manual; columns that it lacks are no labels."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if not rows or "query" not in rows[0] or "option_1" not in rows[0]:
        raise LearnerError(
            f"{path} is no file of MIMICS", "it has a header with query, question, option_1 and so on, with tabs between"
        )
    return [_pane(row) for row in rows]


def _pane(row: dict[str, str]) -> Pane:
    texts = [(at, (row.get(f"option_{at}") or "").strip()) for at in range(1, OPTIONS + 1)]
    texts = [(at, text) for at, text in texts if text]
    labels = [[row.get(column.format(at)) or "" for at, _ in texts] for column in QUALITY]
    whole = next((each for each in labels if each and all(each)), [])
    return Pane(
        row["query"],
        tuple(text for _, text in texts),
        tuple(float(label) for label in whole),
        float(row[DIVERSITY]) if row.get(DIVERSITY) else None,
    )


def run(job: Job, worker: Worker) -> None:
    """Judges the panes of the input "panes"."""
    config = read_config(Config, job.config)
    panes = [pane for pane in read_panes(job.input("panes")) if pane.options]
    encoder = SentenceEncoder()

    def judged(options: Sequence[Sequence[str]]) -> list[list[Verdict]]:
        lists = [
            JudgedList(str(at), "clarification", "people", pane.query, "", tuple(options[at])) for at, pane in enumerate(panes)
        ]
        return judge(lists, lambda texts: encoder.encode(texts, lambda done: worker.progress("judge", done, len(texts), "texts")))

    own = judged([pane.options for pane in panes])
    shuffled = [pane.options for pane in panes]
    random.Random(config.seed).shuffle(shuffled)
    worker.result(agreement(panes, own, judged(shuffled)), [])


def agreement(panes: Sequence[Pane], own: Sequence[Sequence[Verdict]], others: Sequence[Sequence[Verdict]]) -> dict[str, Any]:
    """Rank correlations with the labels, and how well the judge tells a pane's own options from those of another pane."""
    found: dict[str, Any] = {"panes": len(panes)}
    rated = [
        (verdict, quality)
        for pane, each in zip(panes, own, strict=True)
        if pane.qualities
        for verdict, quality in zip(each, pane.qualities, strict=True)
    ]
    if rated:
        scores = np.array([(verdict.cosine, quality) for verdict, quality in rated])
        by_level = {level: _mean([quality for verdict, quality in rated if verdict.related == level]) for level in LEVELS}
        found["quality"] = {"options": len(rated), **_correlation(*scores.T), "meanByLevel": by_level}
    diverse = [
        (float(np.mean([verdict.unlike_list for verdict in each])), pane.diversity)
        for pane, each in zip(panes, own, strict=True)
        if pane.diversity is not None and len(each) > 1
    ]
    if diverse:
        found["diversity"] = {"panes": len(diverse), **_correlation(*np.array(diverse).T)}
    right = [verdict.cosine for each in own for verdict in each]
    wrong = [verdict.cosine for each in others for verdict in each]
    found["ownOrOther"] = {
        "auc": float(roc_auc_score([1] * len(right) + [0] * len(wrong), right + wrong)),
        "levels": {
            name: {level: float(np.mean([v.related == level for each in verdicts for v in each])) for level in LEVELS}
            for name, verdicts in (("own", own), ("other", others))
        },
    }
    return found


def _correlation(scores: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> dict[str, float | None]:
    """Spearman's, None where one of the two never changes."""
    if len(np.unique(scores)) < 2 or len(np.unique(labels)) < 2:
        return {"spearman": None, "p": None}
    value, p = spearmanr(scores, labels)
    return {"spearman": float(value), "p": float(p)}


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
