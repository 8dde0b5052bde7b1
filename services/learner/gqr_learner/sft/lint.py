"""`lint-instances`: what is wrong with written instances, and the figures of their data card."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gqr_learner.checkpoint import write_atomically
from gqr_learner.config import option, read_config
from gqr_learner.worker import Job, LearnerError, Worker

SPLITS = ("train", "validation", "test")
STYLES = ("original", "rewritten")

CARD = "card.md"


@dataclass(frozen=True)
class Band:
    """What the queries of a task look like."""

    least: int
    most: int
    """Queries of a list."""
    words: int
    """Most words of a query."""


BANDS: Mapping[str, Band] = {"suggestion": Band(3, 3, 16), "clarification": Band(6, 10, 8), "hint": Band(1, 1, 16)}
"""Of the tasks that ship; a task of others has no band."""

ALIKE = 0.95
"""Cosine from which two texts are the same in other words."""
LARGEST_DOMAIN = 0.15
LEAST_DOMAINS = 25
"""Domains of a task, for it to be general."""


@dataclass(frozen=True)
class Config:
    """Config of `lint-instances`."""

    semantic: bool = option(True, "Whether to look for what is the same in other words; takes a minute for thousands of instances")


@dataclass(frozen=True)
class Fault:
    """Something to mend."""

    file: str
    line: int
    field: str
    description: str
    """What is wrong, and the remedy."""


@dataclass(frozen=True)
class Instance:
    """A line, as far as it is looked at."""

    file: str
    line: int
    id: str
    conversation: str
    task: str
    domain: str
    language: str
    split: str
    style: str
    rewrites: str | None
    query: str
    response: str
    history: tuple[str, ...]
    cooccurrence: tuple[tuple[str, bool], ...]
    queries: tuple[str, ...]
    from_cooccurrence: tuple[int, ...]

    def fault(self, field: str, description: str) -> Fault:
        """A fault of this line."""
        return Fault(self.file, self.line, field, description)


def normalise(text: str) -> str:
    """Form in which two texts count as the same, as services/chassis/src/text/normalise.ts has it."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower())
    return text.strip("".join(sorted({c for c in text if c.isspace() or unicodedata.category(c).startswith("P")})))


def run(job: Job, worker: Worker) -> None:
    """Lints the files of the input folder "instances"; the input "others", if given, has queries that must not be among them."""
    config = read_config(Config, job.config)
    folder = job.input("instances")
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else [folder]
    if not files:
        raise LearnerError(f"{folder} has no instances", "name a folder with .jsonl files, or a file")
    instances: list[Instance] = []
    faults: list[Fault] = []
    for file in files:
        read, unreadable = _read(file)
        instances += read
        faults += unreadable
    faults += [fault for check in (_each, _together, _splits) for fault in check(instances)]
    if "others" in job.inputs:
        faults += _overlap(instances, job.input("others"))
    if config.semantic and instances:
        # Loaded only where it is needed: it takes longer than all else.
        from gqr_learner.sentence_encoder import SentenceEncoder

        encoder = SentenceEncoder()
        faults += _semantic(
            instances, lambda texts: encoder.encode(texts, lambda done: worker.progress("compare", done, len(texts), "texts"))
        )
    warnings = _balance(instances)
    job.out.mkdir(parents=True, exist_ok=True)
    write_atomically(job.out / CARD, lambda path: path.write_text(card(instances), encoding="utf-8"))
    faults.sort(key=lambda fault: (fault.file, fault.line))
    worker.result(
        {"instances": len(instances), "faults": [asdict(fault) for fault in faults], "warnings": warnings, "card": card(instances)},
        [CARD],
    )


def _read(path: Path) -> tuple[list[Instance], list[Fault]]:
    instances, faults = [], []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            instances.append(_instance(path.name, number, json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            faults.append(Fault(path.name, number, "", f"is no instance: {what}; services/trainer/README.md has the record"))
    return instances, faults


def _instance(file: str, line: int, value: Mapping[str, Any]) -> Instance:
    inputs, output = value["inputs"], value["output"]
    texts = [value[name] for name in ("id", "conversation", "task", "domain", "language", "split", "style")]
    texts += [inputs["query"], inputs["response"], *inputs["history"], *output["queries"]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("ids, labels, inputs and queries are texts")
    return Instance(
        file=file,
        line=line,
        **{name: value[name] for name in ("id", "conversation", "task", "domain", "language", "split", "style")},
        rewrites=value.get("rewrites"),
        query=inputs["query"],
        response=inputs["response"],
        history=tuple(inputs["history"]),
        cooccurrence=tuple((each["text"], bool(each["pertinent"])) for each in value["cooccurrence"]),
        queries=tuple(output["queries"]),
        from_cooccurrence=tuple(int(at) for at in value["from_cooccurrence"]),
    )


def _each(instances: Sequence[Instance]) -> Iterator[Fault]:
    for each in instances:
        if each.split not in SPLITS:
            yield each.fault("split", f"is {each.split!r}; must be one of {', '.join(SPLITS)}")
        if each.style not in STYLES:
            yield each.fault("style", f"is {each.style!r}; must be one of {', '.join(STYLES)}")
        if not each.query.strip():
            yield each.fault("inputs.query", "is empty; write what the user asked")
        yield from _list_faults(each)
        yield from _evidence_faults(each)


def _list_faults(each: Instance) -> Iterator[Fault]:
    normal = [normalise(query) for query in each.queries]
    band = BANDS.get(each.task)
    if band is not None and not band.least <= len(each.queries) <= band.most:
        yield each.fault("output.queries", f"has {len(each.queries)}; must have {band.least} to {band.most}")
    for at, query in enumerate(each.queries):
        field = f"output.queries[{at}]"
        if not normal[at]:
            yield each.fault(field, "says nothing; write a query")
        if band is not None and len(query.split()) > band.words:
            yield each.fault(field, f"has {len(query.split())} words; at most {band.words} are read")
        if "\n" in query or "|" in query:
            yield each.fault(field, "has a line break or a |, which separate queries; take it out")
        if normal[at] in normal[:at]:
            yield each.fault(field, "stands in the list already; write another direction")
        if each.task != "clarification" and normal[at] == normalise(each.query):
            yield each.fault(field, "is the user's query; write what comes next")


def _evidence_faults(each: Instance) -> Iterator[Fault]:
    pertinent = sum(1 for _, good in each.cooccurrence if good)
    wrong = [at for at in each.from_cooccurrence if not 0 <= at < len(each.queries)]
    if wrong:
        yield each.fault("from_cooccurrence", f"has {wrong[0]}; the list has {len(each.queries)} queries, counted from 0")
    if each.from_cooccurrence and pertinent == 0:
        yield each.fault(
            "from_cooccurrence", "names queries, but no co-occurrence query is pertinent; mark them, or leave it empty"
        )


def _together(instances: Sequence[Instance]) -> Iterator[Fault]:
    ids: dict[str, Instance] = {}
    seen: dict[tuple[str, ...], Instance] = {}
    for each in instances:
        if each.id in ids:
            yield each.fault("id", f"is that of {_place(ids[each.id])} too; give it one of its own")
        ids.setdefault(each.id, each)
        key = (each.task, each.style, normalise(each.query), normalise(each.response), *map(normalise, each.history))
        if each.style == "original" and key in seen:
            yield each.fault("inputs", f"are those of {_place(seen[key])}; write another context, or drop one")
        seen.setdefault(key, each)
    for each in instances:
        if each.style == "original":
            continue
        original = ids.get(each.rewrites or "")
        if each.rewrites is None:
            yield each.fault("rewrites", "is missing; name the instance that this one rewrites")
        elif original is not None and original.queries == each.queries:
            yield each.fault("output.queries", f"are those of {_place(original)}; a rewritten copy says them in another style")


def _splits(instances: Sequence[Instance]) -> Iterator[Fault]:
    """Leaks: what is tested must not have been read in training."""
    conversations: defaultdict[str, set[str]] = defaultdict(set)
    trained: dict[tuple[str, ...], Instance] = {}
    for each in instances:
        conversations[each.conversation].add(each.split)
        if each.split == "train":
            trained.setdefault((each.task, normalise(each.query)), each)
            trained.setdefault((each.task, "list", *map(normalise, each.queries)), each)
    for each in instances:
        if each.split == "train":
            continue
        if len(conversations[each.conversation]) > 1:
            yield each.fault(
                "split", f"is {each.split}, but its conversation is in {', '.join(sorted(conversations[each.conversation]))}"
            )
        for field, key in (
            ("inputs.query", (each.task, normalise(each.query))),
            ("output.queries", (each.task, "list", *map(normalise, each.queries))),
        ):
            if key in trained:
                yield each.fault(
                    field, f"stands in {_place(trained[key])}, which is trained on; move one of them to the other's split"
                )


def _overlap(instances: Sequence[Instance], path: Path) -> Iterator[Fault]:
    others = {normalise(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}
    for each in instances:
        if normalise(each.query) in others and len(each.query.split()) > 2:
            yield each.fault("inputs.query", f"stands in {path.name}; write it yourself")


def _semantic(instances: Sequence[Instance], encode: Callable[[Sequence[str]], npt.NDArray[np.float32]]) -> Iterator[Fault]:
    """What is the same in other words: contexts within a task, and held-out contexts that training has."""
    originals = [each for each in instances if each.style == "original"]
    vectors = encode([f"{each.query}\n{each.queries[0] if each.queries else ''}" for each in originals])
    alike = vectors @ vectors.T >= ALIKE
    for at, each in enumerate(originals):
        for before in np.flatnonzero(alike[at, :at]):
            other = originals[int(before)]
            if other.task == each.task:
                yield each.fault(
                    "inputs.query", f"says with its first query what {_place(other)} says; write another context, or drop one"
                )
                break


def _balance(instances: Sequence[Instance]) -> list[str]:
    warnings = []
    for task, group in _by_task(instances):
        domains = Counter(each.domain for each in group)
        name, most = domains.most_common(1)[0]
        if most / len(group) > LARGEST_DOMAIN:
            warnings.append(f"{task}: {most / len(group):.0%} are about {name}; write more of other domains")
        if len(domains) < LEAST_DOMAINS:
            warnings.append(f"{task}: {len(domains)} domains; {LEAST_DOMAINS} at least make it general")
        if all(each.language == "en" for each in group):
            warnings.append(f"{task}: English alone; the policy will answer others in English")
        warnings += [f"{task}: no instance of split {split}" for split in SPLITS if all(each.split != split for each in group)]
    return warnings


def _by_task(instances: Iterable[Instance]) -> list[tuple[str, list[Instance]]]:
    groups: defaultdict[str, list[Instance]] = defaultdict(list)
    for each in instances:
        groups[each.task].append(each)
    return sorted(groups.items())


def _place(instance: Instance) -> str:
    return f"{instance.file}:{instance.line}"


def card(instances: Sequence[Instance]) -> str:
    """The figures of a data card, as Markdown."""
    rows = []
    for task, group in _by_task(instances):
        splits = Counter(each.split for each in group)
        used = Counter(len(each.from_cooccurrence) for each in group)
        words = [len(query.split()) for each in group for query in each.queries]
        turns = Counter(min(len(each.history), 3) for each in group)
        rows.append(
            [
                task,
                str(len(group)),
                " / ".join(str(splits[split]) for split in SPLITS),
                f"{sum(each.style == 'rewritten' for each in group)}",
                str(len({each.domain for each in group})),
                f"{np.mean([each.language != 'en' for each in group]):.0%}",
                " / ".join(f"{turns[turn] / len(group):.0%}" for turn in range(4)),
                f"{np.mean([each.response == '' for each in group]):.0%}",
                " / ".join(f"{used[count] / len(group):.0%}" for count in range(4)),
                f"{np.mean(words):.1f} ({np.quantile(words, 0.05):.0f} to {np.quantile(words, 0.95):.0f})",
            ]
        )
    head = [
        "task",
        "instances",
        "train / validation / test",
        "rewritten",
        "domains",
        "not English",
        "earlier turns 0 / 1 / 2 / more",
        "no answer",
        "queries from co-occurrence 0 / 1 / 2 / 3",
        "words of a query (5% to 95%)",
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]) + "\n"
