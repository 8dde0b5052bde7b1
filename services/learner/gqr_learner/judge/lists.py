"""Lists to judge, as JSON lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gqr_learner.worker import LearnerError


@dataclass(frozen=True)
class JudgedList:
    """A list and what it was written for. `queries` are whole queries: a snippet stands between its prefix and its suffix."""

    prompt: str
    """Names the prompt: lists of different policies for one prompt are compared with each other."""
    task: str
    policy: str
    query: str
    response: str
    queries: tuple[str, ...]


def read_lists(path: Path) -> list[JudgedList]:
    """Reads `{"prompt", "task", "policy", "query", "response", "queries"}` a line."""
    lists = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            lists.append(_read(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise LearnerError(f"{path}:{number} is no list to judge: {error!r}", "see README.md for what a line holds") from error
    if not lists:
        raise LearnerError(f"{path} has no list", "write one list a line at least")
    return lists


def _read(value: Mapping[str, Any]) -> JudgedList:
    texts = {name: value[name] for name in ("prompt", "task", "policy", "query")} | {"response": value.get("response", "")}
    queries = value["queries"]
    if not all(isinstance(text, str) for text in [*texts.values(), *queries]):
        raise TypeError("all values are texts, and queries a list of texts")
    return JudgedList(**texts, queries=tuple(queries))
