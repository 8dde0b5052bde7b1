"""evaluate-table2: the nine predictors of Table 2 on a log with three tasks and on real clicks of MIMICS, with several seeds.

A cell is one training: data set, backbone, variant and seed. Each cell that is done is a file in `out/cells`, so that a run goes on
where it was cut off, on another machine too. `out/results.json` holds what is done at any moment.
"""

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from gqr_learner import checkpoint
from gqr_learner.config import ConfigError, option, read_config, to_json
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.evaluation.command import predict_test, write_json
from gqr_learner.ctr.evaluation.comparison import compare
from gqr_learner.ctr.evaluation.events import read_events
from gqr_learner.ctr.evaluation.log import fold_of_panes, split_log
from gqr_learner.ctr.evaluation.mimics import Pane, read_panes
from gqr_learner.ctr.evaluation.part_of_work import PartOfWork
from gqr_learner.ctr.evaluation.report import Judge, describe, headlines
from gqr_learner.ctr.evaluation.spans import Log
from gqr_learner.ctr.fit import device
from gqr_learner.worker import Job, LearnerError, Worker

RESULTS = "results.json"
CELLS = "cells"
TASKS = ("suggestion", "clarification", "hint")
MIMICS = "mimics"
"""Name of the data set of real clicks."""
VARIANTS = ("base", "pid", "ctx")
BACKBONES = ("bert", "roberta", "albert")
FOLDS = 5
"""Parts of the panes: the first seed is tested on the first, so that five seeds test every pane once."""


@dataclasses.dataclass(frozen=True)
class Config(CtrConfig):
    """What Table 2 is made of, and how its predictors are trained; backbone, variant and seed are those of a cell."""

    word_vectors: str = option(
        "none",
        "What tells [CLS] how alike the target and what precedes it are; none is the paper's Fig. 2 alone",
        choices=("pretrained", "random", "none"),
    )
    seeds: int = option(3, "Trainings of each cell, with the seed and those after it", least=1, most=100)
    backbones: str = option(",".join(BACKBONES), "Backbones, with commas between")
    variants: str = option(",".join(VARIANTS), "Variants, with commas between")
    test_share: float = option(0.2, "Share of the log's impressions, the latest, to judge on", least=0.01, most=0.9)
    views: int = option(10, "How often each pane is shown to make clicks of its rates", least=1, most=100)

    def training(self, cell: "Cell") -> CtrConfig:
        """The config of one cell."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(CtrConfig)}
        return CtrConfig(**{**values, "backbone": cell.backbone, "variant": cell.variant, "seed": cell.seed})


@dataclasses.dataclass(frozen=True)
class Cell:
    """One training."""

    data: str
    backbone: str
    variant: str
    seed: int

    @property
    def model(self) -> str:
        """As the paper names it, such as bert+pid."""
        return self.backbone if self.variant == "base" else f"{self.backbone}+{self.variant}"

    @property
    def name(self) -> str:
        """As a file name."""
        return f"{self.data}-{self.model}-{self.seed}"


class Data:
    """The logs of all cells, each read or parted once."""

    def __init__(self, job: Job, config: Config, worker: Worker) -> None:
        self._config = config
        self._log: Log | None = None
        self._panes: Sequence[Pane] = []
        self._judges: dict[tuple[str, int], tuple[Log, Judge]] = {}
        if "log" in job.inputs:
            shown, outcomes = read_events({"log": job.input("log")}, lambda name: worker.step("read", 0, 0, "events", name))
            notes = {"labels": "clicks, joined to their impressions", "clicks": outcomes}
            self._log = split_log(shown["log"], config.test_share, notes)
        if MIMICS in job.inputs:
            self._panes = read_panes(job.input(MIMICS), lambda: worker.step("read", 0, 0, "panes"))
        if self._log is None and not self._panes:
            raise LearnerError(
                "the job names no data", 'put the path of an event file into "inputs" as "log", of panes as "mimics"'
            )

    def names(self) -> list[str]:
        """Data sets: the tasks of the log that the paper has, and the panes."""
        tasks = [] if self._log is None else [task for task in TASKS if task in self._log.train.impressions.tasks()]
        return [*tasks, *([MIMICS] if self._panes else [])]

    def of(self, name: str, seed: int) -> tuple[Log, Judge]:
        """The log of a data set; that of panes goes by the seed, for each has its own part to test on."""
        fold = (seed - self._config.seed) % FOLDS if name == MIMICS else 0
        if (name, fold) not in self._judges:
            log = self._read(name, fold)
            self._judges[name, fold] = log, Judge(log, self._config.seed)
        return self._judges[name, fold]

    def _read(self, name: str, fold: int) -> Log:
        if name == MIMICS:
            return fold_of_panes(self._panes, FOLDS, fold, self._config.views, self._config.seed)
        assert self._log is not None
        return self._log.of_task(name)


def run(job: Job, worker: Worker) -> None:
    """Does what is left of the table."""
    config = read_config(Config, job.config)
    chosen = _chosen("backbones", config.backbones, BACKBONES), _chosen("variants", config.variants, VARIANTS)
    data = Data(job, config, worker)
    cells = list(cells_of(data.names(), *chosen, range(config.seed, config.seed + config.seeds)))
    owner = checkpoint.fingerprint(_without_choice(config), job.inputs.values())
    (job.out / CELLS).mkdir(parents=True, exist_ok=True)
    found = {cell: known for cell in cells if (known := _known(job.out, cell, owner)) is not None}
    for number, cell in enumerate(cells):
        worker.step("cells", number, len(cells), "cells", cell.name)
        if cell not in found:
            part = PartOfWork(worker, f"{cell.name}, {number + 1} of {len(cells)}")
            found[cell] = _judged(cell, config, data, job.out, owner, part)
            write_json(job.out / CELLS / f"{cell.name}.json", found[cell])
            _write_results(job, config, data, cells, found)
    results = _write_results(job, config, data, cells, found)
    worker.step("cells", len(cells), len(cells), "cells")
    worker.result(results, [RESULTS])
    checkpoint.discard(job.out)


def cells_of(data: Sequence[str], backbones: Sequence[str], variants: Sequence[str], seeds: Sequence[int]) -> Iterator[Cell]:
    """All cells, seed by seed, so that one that is cut off has whole tables; a hint is one query, without position and context."""
    for seed in seeds:
        for name in data:
            for backbone in backbones:
                for variant in variants:
                    if name != "hint" or variant == "base":
                        yield Cell(name, backbone, variant, seed)


def _judged(cell: Cell, config: Config, data: Data, out: Path, owner: str, worker: Worker) -> dict[str, Any]:
    log, judge = data.of(cell.data, cell.seed)
    training = config.training(cell)
    folder = checkpoint.claim(out, checkpoint.fingerprint({"owner": owner, **dataclasses.asdict(cell)}, ()))
    began = time.monotonic()
    figures = judge.figures(predict_test(training, log, folder, worker))
    return {
        **dataclasses.asdict(cell),
        "owner": owner,
        "model": cell.model,
        "seconds": round(time.monotonic() - began, 1),
        "device": _device_name(training),
        "headlines": headlines(figures),
        "baselines": {name: headlines(each) for name, each in judge.baselines.items()},
        "figures": figures,
    }


def _known(out: Path, cell: Cell, owner: str) -> dict[str, Any] | None:
    path = out / CELLS / f"{cell.name}.json"
    if not path.exists():
        return None
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return known if known["owner"] == owner else None


def _write_results(
    job: Job, config: Config, data: Data, cells: Sequence[Cell], found: Mapping[Cell, Mapping[str, Any]]
) -> dict[str, Any]:
    """Writes the table as far as it is done."""
    sets = {}
    for name in data.names():
        log, _ = data.of(name, config.seed)
        spans = {span.impressions.name: describe(span) for span in (log.train, log.validation, log.test)}
        sets[name] = {"spans": spans, "notes": log.notes}
    done = [found[cell] for cell in cells if cell in found]
    results = {
        "command": "evaluate-table2",
        "config": to_json(config),
        "codeVersion": job.code_version,
        "cellsDone": len(done),
        "cells": len(cells),
        "data": sets,
        **compare(done),
        "byCell": done,
    }
    write_json(job.out / RESULTS, results)
    return results


def _without_choice(config: Config) -> dict[str, Any]:
    """What a cell depends on beside itself: more seeds or models do not change those that are done."""
    return {name: value for name, value in to_json(config).items() if name not in ("seeds", "backbones", "variants")}


def _chosen(field: str, text: str, known: Sequence[str]) -> list[str]:
    chosen = [name.strip() for name in text.split(",")]
    if not set(chosen) <= set(known):
        raise ConfigError(f"the config is wrong: {field}: may name {', '.join(known)}, but is {text!r}")
    return [name for name in known if name in chosen]


def _device_name(config: CtrConfig) -> str:
    return torch.cuda.get_device_name() if device(config).type == "cuda" else "cpu"
