"""Lines of a text file that may be gzipped."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from gqr_learner.worker import LearnerError

GZIP_MAGIC = b"\x1f\x8b"


def opened(path: Path) -> BinaryIO:
    """A file to read, unpacked on the way if it is gzipped, whatever its name."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1; those of white space only are passed over.

    Raises:
        LearnerError: if the file cannot be read or unpacked to its end, or a line is not UTF-8.
    """
    number = 0
    try:
        with opened(path) as file:
            for number, line in enumerate(file, start=1):
                text = line.decode("utf-8").rstrip("\r\n").removeprefix("\ufeff")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError as error:
        raise LearnerError(f"{path}:{number} is not UTF-8: {error.reason}", "encode the whole file as UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        raise LearnerError(
            f"{path} cannot be read beyond line {number}: {error}", "check the path; if it was cut off, make it again"
        ) from error
