"""A worker for one part of a longer work, whose stages carry the part's name."""

from gqr_learner.worker import Worker


class PartOfWork(Worker):
    """Tells what a part does by the line of the whole, and stops with it."""

    def __init__(self, whole: Worker, part: str) -> None:
        self._whole = whole
        self._part = part

    def progress(self, stage: str, done: int, total: int, unit: str, message: str = "") -> None:
        """As of the whole."""
        self._whole.progress(f"{self._part}: {stage}", done, total, unit, message)

    def check(self) -> None:
        """As of the whole."""
        self._whole.check()
