"""Made-up impressions with a known reason for every click, to try the training on; no user and no simulator is behind them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gqr_learner.ctr.impressions import COLUMNS, SOURCES, Impression

THINGS = [
    "tomato plant",
    "sourdough starter",
    "road bike",
    "espresso machine",
    "cast iron pan",
    "acoustic guitar",
    "monstera",
    "fish tank",
    "mortgage",
    "cover letter",
    "resume",
    "wedding speech",
    "garden shed",
    "air fryer",
    "laptop battery",
    "passport photo",
    "knee pain",
    "puppy",
    "sash window",
    "leaky faucet",
    "rowing machine",
    "telescope",
    "rust borrow checker",
    "pandas dataframe",
    "minecraft server",
    "vegan lasagna",
    "thank you note",
    "haiku about rain",
    "bedtime story",
    "night train",
]

INTENTS = [
    "{} cost",
    "cheap {}",
    "best {} for beginners",
    "{} common mistakes",
    "how long does a {} last",
    "{} troubleshooting",
    "{} near me",
    "{} checklist",
    "{} step by step",
    "{} alternatives",
    "{} history",
    "{} fun facts",
    "is a {} worth it",
    "{} for kids",
    "{} tools needed",
    "{} safety",
    "advanced {} tips",
    "{} before and after",
    "why does my {} fail",
    "{} in winter",
]

SHORT = [
    "shorter",
    "longer",
    "funnier",
    "more formal",
    "more casual",
    "add emojis",
    "in French",
    "rhyming",
    "simpler words",
    "add a quote",
    "warmer",
    "bolder",
]

TASKS = {"suggestion": 3, "clarification": 8, "hint": 1}
"""Length of the list by task."""

BASE = {"suggestion": -2.2, "clarification": -2.6, "hint": -1.6}


class World:
    """Users who like some intents more than others, some only with some things, look at the top first and want nothing twice."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._taste = rng.normal(0, 0.9, len(INTENTS))
        self._fit = rng.normal(0, 0.6, (len(THINGS), len(INTENTS)))
        self._short_taste = rng.normal(0, 0.9, len(SHORT))

    def impressions(
        self, count: int, start: datetime, days: float, seed: int, tasks: Sequence[str] = ("suggestion",)
    ) -> list[Impression]:
        """Impressions at random moments of some days, by time."""
        rng = np.random.default_rng(seed)
        moments = np.sort(rng.random(count)) * days
        return [self._impression(start + timedelta(days=float(day)), str(rng.choice(tasks)), rng) for day in moments]

    def _impression(self, occurred_at: datetime, task: str, rng: np.random.Generator) -> Impression:
        thing = int(rng.integers(len(THINGS)))
        short = task == "clarification"
        chosen = rng.choice(len(SHORT if short else INTENTS), size=TASKS[task], replace=short)
        texts = [SHORT[i] if short else INTENTS[i].format(THINGS[thing]) for i in chosen]
        clicks = []
        for position, intent in enumerate(chosen):
            logit = (
                BASE[task]
                - 0.25 * position
                + (self._short_taste[intent] if short else self._taste[intent] + self._fit[thing, intent])
            )
            logit -= 2.0 * (intent in chosen[:position])
            clicks.append(int(rng.random() < 1 / (1 + np.exp(-logit))))
        query = (
            f"write me a {THINGS[thing]}"
            if short
            else f"{'how do i start with a' if thing % 2 else 'tell me about'} {THINGS[thing]}"
        )
        return Impression(task, occurred_at, query, texts, clicks, "simulated")


class RankedWorld:
    """Clicks by a position-based model with a known curve, on lists that an old ranker has put into order.

    Half of the intents are of one kind, which the ranker puts above the other whatever users think of it; within a kind it knows
    nothing. Where a list has many of the one kind, the other begins far down, and where it has few, near the top.
    """

    def __init__(self, curve: Sequence[float], seed: int, rate: float = 0.3) -> None:
        rng = np.random.default_rng(seed)
        self.curve = curve
        logits = np.log(rate / (1 - rate)) + rng.normal(0, 0.8, len(INTENTS)) + rng.normal(0, 0.3, (len(THINGS), len(INTENTS)))
        self.attractiveness = 1 / (1 + np.exp(-logits))
        """Click probability at the first place, float [things, intents]."""
        self._on_top = rng.permutation(len(INTENTS)) < len(INTENTS) // 2

    def candidates(self, thing: int) -> tuple[str, list[str]]:
        """A user's query, and all that can be shown for it in the order of the intents."""
        return f"tell me about {THINGS[thing]}", [intent.format(THINGS[thing]) for intent in INTENTS]

    def impressions(
        self, count: int, start: datetime, days: float, seed: int, task: str = "suggestion", ranked: bool = True
    ) -> list[Impression]:
        """Lists as long as the curve at random moments of some days, by time; not `ranked`, in random order."""
        rng = np.random.default_rng(seed)
        rows = []
        for day in np.sort(rng.random(count)) * days:
            thing = int(rng.integers(len(THINGS)))
            chosen = rng.choice(len(INTENTS), size=len(self.curve), replace=False)
            if ranked:
                chosen = chosen[np.argsort(~self._on_top[chosen], kind="stable")]
            clicks = rng.random(len(chosen)) < np.array(self.curve) * self.attractiveness[thing, chosen]
            query, texts = self.candidates(thing)
            shown = [texts[intent] for intent in chosen]
            moment = start + timedelta(days=float(day))
            rows.append(Impression(task, moment, query, shown, [int(click) for click in clicks], "simulated"))
        return rows


def write_parquet(rows: Sequence[Impression], path: Path) -> None:
    """Writes impressions as train-ctr reads them."""
    columns = {
        "impression_id": [f"{path.stem}-{number}" for number in range(len(rows))],
        "task_id": [row.task for row in rows],
        "occurred_at": [row.occurred_at for row in rows],
        "query": [row.query for row in rows],
        "queries": [list(row.queries) for row in rows],
        "clicks": [list(row.clicks) for row in rows],
        "traffic": [row.traffic for row in rows],
        "answer": [row.sources.answer for row in rows],
        "history": [list(row.sources.history) for row in rows],
        "cooccurrence": [list(row.sources.cooccurrence) for row in rows],
    }
    pq.write_table(pa.table(columns, schema=pa.schema({**COLUMNS, **SOURCES})), path)


def write_spans(folder: Path, train: int, held_out: int, seed: int, tasks: Sequence[str] = ("suggestion",)) -> dict[str, str]:
    """Fourteen days to train on, one to validate and three to test, as the inputs of a job."""
    world = World(seed)
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    spans = {"train": (train, 0, 14), "validation": (held_out, 14, 1), "test": (held_out, 15, 3)}
    for number, (name, (count, first, days)) in enumerate(spans.items()):
        rows = world.impressions(count, begin + timedelta(days=first), days, seed * 10 + number, tasks)
        write_parquet(rows, folder / f"{name}.parquet")
    return {name: str(folder / f"{name}.parquet") for name in spans}
