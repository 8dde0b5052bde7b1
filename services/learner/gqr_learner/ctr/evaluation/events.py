"""Reads event files, `gqr.events.v1.Event` as JSON lines, and joins clicks to impressions by the trainer's rules.

The rules are those of services/trainer/README.md, "The click join".
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gqr_learner.config import json_name
from gqr_learner.ctr.evaluation.lines import numbered_lines
from gqr_learner.ctr.evaluation.spans import Shown
from gqr_learner.ctr.impressions import Impression
from gqr_learner.ctr.input import Sources
from gqr_learner.worker import LearnerError

ATTRIBUTION = timedelta(minutes=30)
"""A click counts for its impression if it came at most so long after it."""
CLOCK_SKEW = timedelta(minutes=1)
"""A click may seem to come before its impression by this much, when two machines took the times."""

OUTCOMES = ("joined", "late", "early", "orphan", "misplaced", "duplicate")
SHOWN_FAULTS = 5
"""Faulty lines that an error names; it says how many there are."""

TRAFFIC = {
    "TRAFFIC_LIVE": "live",
    "TRAFFIC_SIMULATED": "simulated",
    "TRAFFIC_UNSPECIFIED": "live",
    0: "live",
    1: "live",
    2: "simulated",
}


class FaultyEvent(Exception):
    """What is wrong with an event, field first."""


@dataclass(frozen=True)
class Click:
    """A click as it was logged; positions count from 1."""

    impression_id: str
    position: int
    occurred_at: datetime


def read_events(paths: Mapping[str, Path], on_line: Callable[[str], None]) -> tuple[dict[str, list[Shown]], dict[str, int]]:
    """The impressions of each file, with their clicks, and what became of all clicks.

    A click may lie in another file than its impression. An impression that comes twice counts once, where it comes first; a file
    may have none. `on_line` is told the file's name at every line.

    Raises:
        LearnerError: naming file, line and field of what is no event. Nothing faulty is passed over.
    """
    shown: dict[str, dict[str, Shown]] = {}
    clicks: list[Click] = []
    known: set[str] = set()
    faults: list[str] = []
    for name, path in paths.items():
        shown[name] = {}
        for number, line in numbered_lines(path):
            on_line(name)
            try:
                event = _event(line)
            except FaultyEvent as fault:
                faults.append(f"{path}:{number}: {fault}")
                continue
            if isinstance(event, Click):
                clicks.append(event)
            elif event is not None and event.id not in known:
                known.add(event.id)
                shown[name][event.id] = event
    if faults:
        more = f" (and {len(faults) - SHOWN_FAULTS} more lines)" if len(faults) > SHOWN_FAULTS else ""
        raise LearnerError(
            "; ".join(faults[:SHOWN_FAULTS]) + more,
            "correct or remove these lines; npx gqr events import --dry-run lists every fault of a file",
        )
    outcomes = _join(shown, clicks)
    return {name: list(rows.values()) for name, rows in shown.items()}, outcomes


def _join(shown: Mapping[str, dict[str, Shown]], clicks: Sequence[Click]) -> dict[str, int]:
    """Marks what was clicked: each impression and position once, by its earliest click."""
    earliest: dict[tuple[str, int], datetime] = {}
    for click in clicks:
        key = click.impression_id, click.position
        earliest[key] = min(click.occurred_at, earliest.get(key, click.occurred_at))
    outcomes = Counter({"duplicate": len(clicks) - len(earliest)})
    place = {name: rows for rows in shown.values() for name in rows}
    for (name, position), moment in earliest.items():
        rows = place.get(name)
        impression = rows[name].impression if rows is not None else None
        outcome = _outcome(impression, position, moment)
        outcomes[outcome] += 1
        if outcome == "joined" and rows is not None and impression is not None:
            marked = [1 if at == position else clicked for at, clicked in enumerate(impression.clicks, start=1)]
            rows[name] = Shown(name, replace(impression, clicks=marked))
    return {outcome: outcomes[outcome] for outcome in OUTCOMES}


def _outcome(impression: Impression | None, position: int, moment: datetime) -> str:
    if impression is None:
        return "orphan"
    if position > len(impression.queries):
        return "misplaced"
    if moment > impression.occurred_at + ATTRIBUTION:
        return "late"
    return "early" if moment < impression.occurred_at - CLOCK_SKEW else "joined"


def _event(line: str) -> Shown | Click | None:
    """An impression or a click; None for a user's query, which says nothing of clicks."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise FaultyEvent(f"is not JSON ({error})") from error
    kinds = [kind for kind in ("user_query", "impression", "click") if _get(value, kind) is not None]
    if len(kinds) != 1:
        raise FaultyEvent("must have exactly one of userQuery, impression and click")
    body = _get(value, kinds[0])
    if kinds[0] == "user_query":
        return None
    return _impression(body) if kinds[0] == "impression" else _click(body)


def _impression(body: Any) -> Shown:
    queries = _get(body, "queries")
    if not isinstance(queries, list) or not queries:
        raise FaultyEvent("queries: is empty; a list that was not shown is no impression")
    for index, query in enumerate(queries):
        if _get(query, "position") != index + 1:
            raise FaultyEvent(f"queries[{index}].position: positions count from 1 without gaps, in order")
    traffic = TRAFFIC.get(_get(body, "traffic") or 0)
    if traffic is None:
        raise FaultyEvent(f"traffic: there is no {_get(body, 'traffic')!r}; use TRAFFIC_LIVE or TRAFFIC_SIMULATED")
    impression = Impression(
        task=_text(body, "task_id"),
        occurred_at=_moment(body),
        query=_text(_get(body, "context"), "query", "context."),
        queries=[_text(query, "text", f"queries[{index}].") for index, query in enumerate(queries)],
        clicks=[0] * len(queries),
        traffic=traffic,
        sources=_sources(body),
    )
    return Shown(_text(body, "impression_id"), impression)


def _sources(body: Any) -> Sources:
    """What the impression knew beside the query; what it does not say is empty."""
    context = _get(body, "context")
    turns, cooccurrence = _get(context, "history") or [], _get(body, "cooccurrence_queries") or []
    history = [_get(turn, "query") for turn in turns]
    return Sources(_get(context, "response") or "", [query for query in history if query], cooccurrence)


def _click(body: Any) -> Click:
    position = _get(body, "position")
    if not isinstance(position, int) or isinstance(position, bool) or position < 1:
        raise FaultyEvent(f"position: must be a number from 1, not {position!r}")
    return Click(_text(body, "impression_id"), position, _moment(body))


def _get(value: Any, name: str) -> Any:
    """A field by its name in JSON or in the contract, as every reader of proto3 JSON takes it."""
    if not isinstance(value, dict):
        return None
    return value.get(json_name(name), value.get(name))


def _text(value: Any, name: str, within: str = "") -> str:
    text = _get(value, name)
    if not isinstance(text, str) or not text.strip():
        raise FaultyEvent(f"{within}{name}: is required, a text")
    return text


def _moment(body: Any) -> datetime:
    text = _get(body, "occurred_at")
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise FaultyEvent(f"occurred_at: must be a moment such as 2026-11-22T10:00:00Z, not {text!r}") from error
    if moment.tzinfo is None:
        raise FaultyEvent(f"occurred_at: {text!r} has no time zone; end it with Z for UTC")
    return moment.astimezone(UTC)
