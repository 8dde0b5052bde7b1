"""Checkpoints in `<out>/checkpoint`: a job that was interrupted goes on from there, another job does not."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

OWNER = "owner"


def fingerprint(config: Mapping[str, Any], inputs: Iterable[Path]) -> str:
    """Tells jobs apart: by their resolved config and by the content of the files that they read."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for path in inputs:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(file.name.encode())
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def claim(out: Path, owner: str) -> Path:
    """The checkpoint folder of the job with fingerprint `owner`; emptied if another job left it behind."""
    folder = out / "checkpoint"
    mark = folder / OWNER
    if not (mark.exists() and mark.read_text(encoding="ascii") == owner):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_atomically(mark, lambda path: path.write_text(owner, encoding="ascii"))
    return folder


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Has `write` write a file beside `path` and puts it in its place: whatever happens, `path` is whole, old or new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def discard(out: Path) -> None:
    """Removes the checkpoint of a job that is done, so that `out` holds the result and nothing else."""
    shutil.rmtree(out / "checkpoint", ignore_errors=True)
