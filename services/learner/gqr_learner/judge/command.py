"""`judge-lists`: lists in, a verdict for every query and figures by task and policy out."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from gqr_learner.checkpoint import write_atomically
from gqr_learner.config import option, read_config
from gqr_learner.judge.figures import figures
from gqr_learner.judge.judge import LEVELS, Verdict, judge
from gqr_learner.judge.lists import JudgedList, read_lists
from gqr_learner.worker import Job, LearnerError, Worker

VERDICTS = "verdicts.jsonl"


@dataclass(frozen=True)
class Config:
    """Config of `judge-lists`."""

    threads: int = option(0, "Threads on the CPU; 0 for half of the cores", least=0, most=1024)
    seed: int = option(1, "Seed of the bootstrap", least=0)


def run(job: Job, worker: Worker) -> None:
    """Judges the input "lists", or takes the verdicts of another judge from the input "verdicts"."""
    config = read_config(Config, job.config)
    lists = read_lists(job.input("lists"))
    if "verdicts" in job.inputs:
        verdicts = read_verdicts(job.input("verdicts"), lists)
    else:
        # Loaded only where it is needed: it takes longer than all else.
        from gqr_learner.sentence_encoder import SentenceEncoder

        encoder = SentenceEncoder(config.threads)
        total = len({text for each in lists for text in (each.query, *each.queries)})

        def tell(done: int) -> None:
            worker.check()
            worker.progress("judge", min(done, total), total, "texts")

        verdicts = judge(lists, lambda texts: encoder.encode(texts, tell))
    job.out.mkdir(parents=True, exist_ok=True)
    write_atomically(job.out / VERDICTS, lambda path: _write(path, verdicts))
    worker.result({"figures": figures(lists, verdicts, config.seed)}, [VERDICTS])


def _write(path: Path, verdicts: list[list[Verdict]]) -> None:
    lines = (json.dumps({"verdicts": [dataclasses.asdict(verdict) for verdict in each]}) for each in verdicts)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_verdicts(path: Path, lists: list[JudgedList]) -> list[list[Verdict]]:
    """Verdicts as `judge-lists` writes them: a line for each list, in it one for each query."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) != len(lists):
        raise LearnerError(f"{path} has {len(lines)} lines for {len(lists)} lists", "a judge answers each line with one of its own")
    return [_verdicts(path, number, line, lists[number - 1]) for number, line in enumerate(lines, start=1)]


def _verdicts(path: Path, number: int, line: str, judged: JudgedList) -> list[Verdict]:
    try:
        verdicts = [Verdict(**{"cosine": 0.0, **verdict}) for verdict in json.loads(line)["verdicts"]]
        wrong = [verdict.related for verdict in verdicts if verdict.related not in LEVELS]
        if wrong:
            raise ValueError(f"related is {wrong[0]!r}, but must be one of {', '.join(LEVELS)}")
        if len(verdicts) != len(judged.queries):
            raise ValueError(f"{len(verdicts)} verdicts for {len(judged.queries)} queries")
    except (ValueError, KeyError, TypeError) as error:
        raise LearnerError(f"{path}:{number} holds no verdicts: {error}", "see README.md for what a judge answers") from error
    return verdicts
