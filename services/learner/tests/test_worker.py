import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gqr_learner.worker import EXIT_ERROR, EXIT_STOPPED, LearnerError, Stopped, Worker, read_job

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def start(tmp_path: Path, body: str, **popen: Any) -> "subprocess.Popen[str]":
    """A process that runs `body` as the command of an empty job."""
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"config": {}, "inputs": {}, "out": "out"}))
    script = f"""
import os, sys, time
from pathlib import Path
from gqr_learner.worker import LearnerError, run
def command(job, worker):
    {body}
sys.exit(run(command, Path({str(job)!r})))
"""
    command = [sys.executable, "-c", script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=ENVIRONMENT, text=True, **{**pipes, **popen})


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_reads_a_job_with_paths_relative_to_its_folder(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").touch()
    (tmp_path / "job.json").write_text(
        '{"config": {"seed": 7}, "inputs": {"train": "train.parquet", "gone": "/none"}, "out": "o", "codeVersion": "abc"}'
    )
    job = read_job(tmp_path / "job.json")
    assert (job.config, job.out, job.code_version) == ({"seed": 7}, tmp_path / "o", "abc")
    assert job.input("train") == tmp_path / "train.parquet"
    with pytest.raises(LearnerError, match='"gone" is missing: /none'):
        job.input("gone")
    with pytest.raises(LearnerError, match='names no input "test"'):
        job.input("test")


@pytest.mark.parametrize("content", ["", "[]", '{"config": {}}', '{"config": 1, "inputs": {}, "out": "o"}'])
def test_a_damaged_job_file_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "job.json"
    path.write_text(content)
    with pytest.raises(LearnerError, match=str(path)):
        read_job(path)


def test_progress_has_rate_and_time_left_and_leaves_out_what_follows_too_closely() -> None:
    now = 100.0
    lines = io.StringIO()
    worker = Worker(lines, lambda: now)
    for step in range(11):
        worker.progress("train", step * 10, 100, "steps", f"step {step}")
        now += 0.2
    written = lines_of(lines.getvalue())
    assert [line["done"] for line in written] == [0, 30, 60, 90, 100]
    assert written[1] == {
        "type": "progress",
        "stage": "train",
        "done": 30,
        "total": 100,
        "unit": "steps",
        "rate": 50.0,
        "secondsLeft": 1.4,
        "message": "step 3",
    }


def test_a_stopped_worker_raises_at_its_next_step() -> None:
    worker = Worker(io.StringIO())
    worker.check()
    worker.stop()
    with pytest.raises(Stopped):
        worker.check()


def test_what_libraries_print_stays_out_of_the_protocol(tmp_path: Path) -> None:
    body = 'print("noise"); os.system("echo more noise"); worker.result({"auc": None}, ["model.onnx"])'
    process = start(tmp_path, body)
    output, errors = process.communicate(timeout=20)
    assert lines_of(output) == [{"type": "result", "metrics": {"auc": None}, "files": ["model.onnx"]}]
    assert "noise" in errors
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("body", "reason", "remedy"),
    [
        ('raise LearnerError("no clicks", "widen the window")', "no clicks", "widen the window"),
        ("raise OSError(28, 'No space left on device')", "the disk is full", "free some space"),
        ("raise ValueError('odd')", "ValueError: odd", "fault of the learner"),
        ('worker.result({"auc": float("nan")}, [])', "ValueError", "fault of the learner"),
    ],
)
def test_a_failure_is_one_error_line_with_a_remedy(tmp_path: Path, body: str, reason: str, remedy: str) -> None:
    process = start(tmp_path, body)
    output, _ = process.communicate(timeout=20)
    (line,) = lines_of(output)
    assert line["type"] == "error"
    assert reason in line["reason"]
    assert remedy in line["remedy"]
    assert process.returncode == EXIT_ERROR


FOREVER = 'worker.progress("wait", 0, 1, "steps")\n    while True: worker.check(); time.sleep(0.01)'


def test_stops_when_its_standard_input_is_closed(tmp_path: Path) -> None:
    process = start(tmp_path, FOREVER)
    assert process.stdin is not None
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["stage"] == "wait"
    process.stdin.close()
    assert process.wait(10) == EXIT_STOPPED
    assert lines_of(process.stdout.read())[-1]["reason"] == "stopped before it was done"


def test_stops_at_sigterm_and_does_not_watch_an_input_that_is_no_pipe(tmp_path: Path) -> None:
    process = start(tmp_path, FOREVER, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["stage"] == "wait"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == EXIT_STOPPED
