"""The protocol between a learner command and the process that started it.

A command is started as `python -m gqr_learner <command> --job <folder>/job.json`. The job says what to do:

    {"config": {...}, "inputs": {"train": "/path/train.parquet"}, "out": "/path/out", "codeVersion": "abc"}

The command answers on standard output with one JSON document a line, and with nothing else:

    {"type": "progress", "stage", "done", "total", "unit", "rate", "secondsLeft", "message"}   any number of these
    {"type": "result", "metrics", "files"}                                                     last, exit status 0
    {"type": "error", "reason", "remedy"}                                                      last, exit status 1 or 75

Whatever libraries print goes to standard error. A command stops at its next step, with its checkpoint written, when it gets
SIGTERM or when its standard input, a pipe that nobody ever writes to, is closed because its parent is gone; it exits with 75.
The same job started again goes on from the checkpoint.
"""

import errno
import json
import os
import signal
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from gqr_learner.config import ConfigError

EXIT_ERROR = 1
"""Exit status after an error line."""
EXIT_STOPPED = 75
"""Exit status of a command that was told to stop; the same job can be started again."""

GRACE_SECONDS = 20.0
"""How long a command that was told to stop may take to reach its next step."""

REPORT_SECONDS = 0.5
"""Shortest time between two progress lines of one stage."""


class LearnerError(Exception):
    """The job cannot be done: its data, its configuration or the machine is not fit for it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Stopped(Exception):
    """The command was told to stop. Raised by `Worker.check`; commands let it pass."""


@dataclass(frozen=True)
class Job:
    """What a command is asked to do."""

    config: Mapping[str, Any]
    """Values of the command's config dataclass by camelCase name; what is left out has its default."""
    inputs: Mapping[str, Path]
    """Files and folders to read, by name."""
    out: Path
    """Folder for what the command makes; its checkpoint lies in `out/checkpoint`."""
    code_version: str
    """Version of the code that asks, for the record."""

    def input(self, name: str) -> Path:
        """The path of an input that must exist."""
        path = self.inputs.get(name)
        if path is None:
            raise LearnerError(f'the job names no input "{name}"', f'put its path into "inputs" as "{name}"')
        if not path.exists():
            raise LearnerError(f'the input "{name}" is missing: {path}', "check the path in the job, then start it again")
        return path


def read_job(path: Path) -> Job:
    """Reads a job file; relative paths in it are relative to its folder."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        config, inputs, out = raw["config"], raw["inputs"], raw["out"]
        if not (isinstance(config, dict) and isinstance(inputs, dict) and isinstance(out, str)):
            raise TypeError('"config" and "inputs" must be objects and "out" a string')
        folder = path.parent
        paths = {name: folder / value for name, value in inputs.items()}
        return Job(config, paths, folder / out, str(raw.get("codeVersion", "unknown")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise LearnerError(f"the job file {path} cannot be used: {reason}", "see README.md for what a job file holds") from error


class Worker:
    """A command's line to the process that started it."""

    def __init__(self, lines: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._clock = clock
        self._stop = threading.Event()
        self._stage = ""
        self._began = (0.0, 0)
        self._reported = -REPORT_SECONDS

    def progress(self, stage: str, done: int, total: int, unit: str, message: str = "") -> None:
        """Says how far a stage is. Cheap: lines that follow one another too closely are left out, save a stage's first and last."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._began = stage, (now, done)
        elif done < total and now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        began_at, began_with = self._began
        rate = (done - began_with) / (now - began_at) if now > began_at else 0.0
        left = (total - done) / rate if rate > 0 else None
        self._send(
            type="progress",
            stage=stage,
            done=done,
            total=total,
            unit=unit,
            rate=round(rate, 3),
            secondsLeft=None if left is None else round(left, 1),
            message=message,
        )

    def check(self) -> None:
        """To be called at every step.

        Raises:
            Stopped: if the command was told to stop.
        """
        if self._stop.is_set():
            raise Stopped

    def step(self, stage: str, done: int, total: int, unit: str, message: str = "") -> None:
        """A step of a stage: `check`, then `progress`."""
        self.check()
        self.progress(stage, done, total, unit, message)

    def stop(self) -> None:
        """Makes the next `check` raise. What never reaches one is ended after a time of grace."""
        if self._stop.is_set():
            return
        self._stop.set()
        timer = threading.Timer(GRACE_SECONDS, os._exit, (EXIT_STOPPED,))
        timer.daemon = True
        timer.start()

    def result(self, metrics: Mapping[str, Any], files: Sequence[str]) -> None:
        """Says that the job is done. Figures that do not exist are None: JSON has no NaN."""
        self._send(type="result", metrics=metrics, files=list(files))

    def error(self, reason: str, remedy: str) -> None:
        """Says why the job is not done and what to do about it."""
        self._send(type="error", reason=reason, remedy=remedy)

    def _send(self, **line: Any) -> None:
        try:
            self._lines.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
            self._lines.flush()
        except BrokenPipeError:
            self.stop()  # the reader is gone


def _claim_stdout() -> TextIO:
    """Keeps standard output for the protocol; from now on whatever else is printed goes to standard error."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "w", encoding="utf-8", errors="backslashreplace")


def _stop_with_parent(worker: Worker) -> None:
    """Stops the worker when standard input ends. Only a pipe or a socket is watched: an empty file ends at once."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def watch() -> None:
        while os.read(0, 4096):
            pass
        worker.stop()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _explain(error: Exception) -> tuple[str, str]:
    if isinstance(error, LearnerError):
        return error.reason, error.remedy
    if isinstance(error, ConfigError):
        return str(error), "set it right in the job's config; --help lists every field"
    if isinstance(error, MemoryError):
        return "the machine has too little memory", "use a smaller batch or a shorter window of data, or stop other programs"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {error}", "free some space, then start the same job again: it goes on from its checkpoint"
    traceback.print_exception(error)
    return f"{type(error).__name__}: {error}", "this is a fault of the learner; its standard error shows where it happened"


def run(command: Callable[[Job, Worker], None], job_path: Path) -> int:
    """Runs a command under the protocol and returns its exit status. `command` must call `worker.result` when it is done."""
    worker = Worker(_claim_stdout())
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, lambda *_: worker.stop())
    _stop_with_parent(worker)
    try:
        command(read_job(job_path), worker)
    except Stopped:
        worker.error("stopped before it was done", "start the same job again: it goes on from its checkpoint")
        return EXIT_STOPPED
    except Exception as error:
        worker.error(*_explain(error))
        return EXIT_ERROR
    finally:
        sys.stderr.flush()
    return 0
