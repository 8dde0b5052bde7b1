"""Figures of judged lists by task and policy, with intervals, and win, tie and loss against the first policy (Fig. 5)."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gqr_learner.judge.judge import LEVELS, Verdict
from gqr_learner.judge.lists import JudgedList

RESAMPLES = 2_000
"""Resamples of a bootstrap."""

MEASURES: Mapping[str, Callable[[Sequence[Verdict]], float]] = {
    "relatedness": lambda verdicts: float(np.mean([LEVELS.index(verdict.related) / 2 for verdict in verdicts])),
    "exclusivity": lambda verdicts: float(np.mean([verdict.exclusive for verdict in verdicts])),
}
"""Of a list, from 0 to 1: mean level of its queries, and share of those that are exclusive in every way."""


def figures(lists: Sequence[JudgedList], verdicts: Sequence[Sequence[Verdict]], seed: int) -> list[dict[str, Any]]:
    """One entry a task and policy, in the order in which they come; intervals are 95% bootstraps over prompts."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, each in enumerate(lists):
        if each.queries:
            groups.setdefault((each.task, each.policy), []).append(index)
    first = {task: policy for task, policy in reversed(groups)}
    scores = {key: _scores(lists, verdicts, members) for key, members in groups.items()}
    entries = []
    for (task, policy), members in groups.items():
        queries = [verdict for index in members for verdict in verdicts[index]]
        entry: dict[str, Any] = {
            "task": task,
            "policy": policy,
            "lists": len(members),
            "prompts": len(scores[task, policy]),
            "levels": {level: float(np.mean([verdict.related == level for verdict in queries])) for level in LEVELS},
            "unlikeQuery": float(np.mean([verdict.unlike_query for verdict in queries])),
            "unlikeResponse": float(np.mean([verdict.unlike_response for verdict in queries])),
            "unlikeList": float(np.mean([verdict.unlike_list for verdict in queries])),
        }
        for at, measure in enumerate(MEASURES):
            values = np.array([score[at] for score in scores[task, policy].values()])
            entry[measure] = {"mean": float(values.mean()), "interval": _interval(values, seed)}
        if policy != first[task]:
            entry["against"] = _against(scores[task, first[task]], scores[task, policy], first[task], seed)
        entries.append(entry)
    return entries


def _scores(
    lists: Sequence[JudgedList], verdicts: Sequence[Sequence[Verdict]], members: Sequence[int]
) -> dict[str, tuple[float, ...]]:
    by_prompt: defaultdict[str, list[list[float]]] = defaultdict(list)
    for index in members:
        by_prompt[lists[index].prompt].append([measure(verdicts[index]) for measure in MEASURES.values()])
    return {prompt: tuple(np.mean(rows, axis=0)) for prompt, rows in by_prompt.items()}


def _against(
    baseline: Mapping[str, tuple[float, ...]], own: Mapping[str, tuple[float, ...]], name: str, seed: int
) -> dict[str, Any]:
    common = [prompt for prompt in baseline if prompt in own]
    result: dict[str, Any] = {"policy": name, "prompts": len(common)}
    if not common:
        return result
    for at, measure in enumerate(MEASURES):
        gains = np.array([own[prompt][at] - baseline[prompt][at] for prompt in common])
        result[measure] = {
            "difference": float(gains.mean()),
            "interval": _interval(gains, seed),
            "win": float((gains > 0).mean()),
            "tie": float((gains == 0).mean()),
            "loss": float((gains < 0).mean()),
        }
    return result


def _interval(values: npt.NDArray[np.float64], seed: int) -> list[float]:
    drawn = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(1), [0.025, 0.975])
    return [float(low), float(high)]
