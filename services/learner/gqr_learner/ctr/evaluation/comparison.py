"""Puts cells together into Table 2, and holds its order against the paper's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr, t

from gqr_learner.ctr.evaluation.paper import TABLE_2

Cells = Sequence[Mapping[str, Any]]

PAPER_TASK = {"mimics": "clarification"}
"""Task of the paper that a data set stands for: panes recommend facets of a query, as its task 2 does."""


def compare(cells: Cells) -> dict[str, Any]:
    """`rows`: figures of each model on each data set over its seeds, with the paper's. `claims`: what the paper says, tested."""
    sets = list(dict.fromkeys(cell["data"] for cell in cells))
    rows = [_row(name, model, members) for name in sets for model, members in _by_model(cells, name).items()]
    rows += [_baseline(name, baseline, cells) for name in sets for baseline in ("position", "mean")]
    return {
        "rows": rows,
        "order": {name: _order([row for row in rows if row["data"] == name]) for name in sets},
        "claims": [claim for name in sets for claim in _claims(cells, name)],
    }


def _by_model(cells: Cells, name: str) -> dict[str, list[Mapping[str, Any]]]:
    models: dict[str, list[Mapping[str, Any]]] = {}
    for cell in cells:
        if cell["data"] == name:
            models.setdefault(cell["model"], []).append(cell)
    return models


def _row(name: str, model: str, members: Cells) -> dict[str, Any]:
    paper = TABLE_2.get(PAPER_TASK.get(name, name), {}).get(model)
    seconds = float(np.mean([cell["seconds"] for cell in members]))
    figures = _figures([cell["headlines"] for cell in members])
    return {"data": name, "model": model, "seeds": len(members), "seconds": seconds, **figures, "paper": paper}


def _baseline(name: str, baseline: str, cells: Cells) -> dict[str, Any]:
    """Of a predictor that reads no text, on the test sets of all seeds."""
    by_seed = {cell["seed"]: cell["baselines"][baseline] for cell in cells if cell["data"] == name}
    return {
        "data": name,
        "model": baseline,
        "seeds": len(by_seed),
        "seconds": 0.0,
        **_figures(list(by_seed.values())),
        "paper": None,
    }


def _figures(headlines: Cells) -> dict[str, Any]:
    """Each figure over those of `headlines` that have it."""
    return {name: _summary([each[name] for each in headlines if each[name] is not None]) for name in headlines[0]}


def _summary(values: Sequence[float]) -> dict[str, float | None]:
    return {
        "mean": float(np.mean(values)) if values else None,
        "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
    }


def _order(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Models by AUC, ours and the paper's, best first, and the rank correlation of the two orders."""
    both = [row for row in rows if row["paper"] is not None and row["auc"]["mean"] is not None]
    ours, papers = [row["auc"]["mean"] for row in both], [row["paper"]["auc"] for row in both]
    alike = len(both) < 3 or min(np.ptp(ours), np.ptp(papers)) == 0
    return {
        "ours": [row["model"] for row in sorted(both, key=lambda row: -row["auc"]["mean"])],
        "paper": [row["model"] for row in sorted(both, key=lambda row: -row["paper"]["auc"])],
        "rankCorrelation": None if alike else float(spearmanr(ours, papers).statistic),
    }


CLAIMS = (
    ("the position helps (+pid over base)", 1, "pid", "base"),
    ("context helps (+ctx over base)", 1, "ctx", "base"),
    ("context helps more than the position (+ctx over +pid)", 1, "ctx", "pid"),
    ("ALBERT is better than BERT", 0, "albert", "bert"),
    ("BERT is better than RoBERTa", 0, "bert", "roberta"),
)
"""What Table 2 shows of AUC: words, what differs (0 the backbone, 1 the variant), and the one that is better than the other."""

Name = tuple[str, str]
"""Backbone and variant."""


def _claims(cells: Cells, name: str) -> list[dict[str, Any]]:
    """Differences in AUC between models that differ in one thing, averaged over the other, seed by seed."""
    seeds: dict[int, dict[Name, float]] = {}
    for cell in cells:
        if cell["data"] == name and cell["headlines"]["auc"] is not None:
            seeds.setdefault(cell["seed"], {})[cell["backbone"], cell["variant"]] = cell["headlines"]["auc"]
    known = {model for each in seeds.values() for model in each}
    table = TABLE_2.get(PAPER_TASK.get(name, name), {})
    printed = {_name(model): row["auc"] for model, row in table.items() if _name(model) in known}
    claims = []
    for text, what, better, than in CLAIMS:
        ours = [gain for known in seeds.values() if (gain := _gain(known, what, better, than)) is not None]
        papers = _gain(printed, what, better, than)
        if ours and papers is not None:
            claims.append({"data": name, "claim": text, "paper": papers, **_tested(ours, papers)})
    return claims


def _name(model: str) -> Name:
    backbone, _, variant = model.partition("+")
    return backbone, variant or "base"


def _gain(known: Mapping[Name, float], what: int, better: str, than: str) -> float | None:
    """Mean of better less than over the models that have both; None if none has."""
    differences = []
    for name, value in known.items():
        other = (than, name[1]) if what == 0 else (name[0], than)
        if name[what] == better and other in known:
            differences.append(value - known[other])
    return float(np.mean(differences)) if differences else None


def _tested(gains: Sequence[float], paper: float) -> dict[str, Any]:
    """The mean gain with its 95% interval over seeds (Student's t; null for one seed), and what that says of the paper's sign."""
    mean = float(np.mean(gains))
    if len(gains) < 2:
        return {"difference": mean, "interval": None, "seeds": len(gains), "verdict": "undecided"}
    reach = float(t.ppf(0.975, len(gains) - 1) * np.std(gains, ddof=1) / np.sqrt(len(gains)))
    decided = abs(mean) > reach
    verdict = "undecided" if not decided else "as in the paper" if mean * paper > 0 else "against the paper"
    return {"difference": mean, "interval": [mean - reach, mean + reach], "seeds": len(gains), "verdict": verdict}
