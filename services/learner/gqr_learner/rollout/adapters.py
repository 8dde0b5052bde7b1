"""The adapters that are loaded, by name."""

import itertools
import threading
from dataclasses import dataclass
from pathlib import Path

from gqr_learner.rollout.engine import Engine
from gqr_learner.rollout.lora import AdapterError
from gqr_learner.rollout.order import FullError, InvalidOrderError, NotFoundError, OrderError


class DisabledError(OrderError):
    """The server was started without a folder for adapters."""


class AlreadyLoadedError(OrderError):
    """An adapter of that name is loaded, from whichever folder."""


@dataclass(frozen=True)
class Adapter:
    """A loaded adapter."""

    number: int
    """Another one for every load, so that texts under an adapter that was replaced are finished under it."""
    name: str
    folder: str


class Adapters:
    """Loads and unloads adapters. May be used from several threads."""

    def __init__(self, engine: Engine, allowed: Path | None, most: int, reserved: frozenset[str]) -> None:
        self._engine = engine
        self._allowed = None if allowed is None else allowed.resolve()
        self.most = most
        self._reserved = reserved
        self._loaded: dict[str, Adapter] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def enabled(self) -> bool:
        """Whether adapters can be loaded at all."""
        return self._allowed is not None and self.most > 0

    def load(self, name: str, folder: str) -> Adapter:
        """Loads the adapter in a folder.

        Raises:
            DisabledError, AlreadyLoadedError, FullError: as they say.
            InvalidOrderError: if it has no name, lies where adapters must not lie, is damaged or made for another model.
        """
        with self._lock:
            self._require()
            if not name.strip():
                raise InvalidOrderError("lora_name is required")
            if name in self._loaded or name in self._reserved:
                raise AlreadyLoadedError(f"an adapter or model named {name} is loaded already")
            if len(self._loaded) >= self.most:
                raise FullError(f"{self.most} adapters are loaded already; unload one first")
            path = Path(folder).resolve()
            if self._allowed is None or not path.is_relative_to(self._allowed):
                raise InvalidOrderError(f"{folder} is not below {self._allowed}, where adapters may lie")
            if not (path / "adapter_config.json").is_file():
                raise InvalidOrderError(f"{folder} holds no adapter: adapter_config.json is missing")
            adapter = Adapter(next(self._numbers), name, folder)
            try:
                self._engine.load_adapter(adapter.number, path)
            except AdapterError as error:
                raise InvalidOrderError(f"the adapter in {folder} cannot be loaded: {error}") from error
            self._loaded[name] = adapter
            return adapter

    def unload(self, name: str) -> Adapter:
        """Unloads an adapter; texts under it are finished first. Raises DisabledError, NotFoundError."""
        with self._lock:
            self._require()
            adapter = self._loaded.pop(name, None)
            if adapter is None:
                raise NotFoundError(f"adapter {name} is not loaded")
            self._engine.unload_adapter(adapter.number)
            return adapter

    def list(self) -> list[Adapter]:
        """The loaded adapters by name. Raises DisabledError."""
        with self._lock:
            self._require()
            return sorted(self._loaded.values(), key=lambda adapter: adapter.name)

    def number(self, name: str) -> int | None:
        """The number of an adapter; None for the base model, whose name is empty. Raises DisabledError, NotFoundError."""
        if name == "":
            return None
        with self._lock:
            self._require()
            adapter = self._loaded.get(name)
            if adapter is None:
                raise NotFoundError(f"adapter {name} is not loaded")
            return adapter.number

    def _require(self) -> None:
        if not self.enabled:
            raise DisabledError("the server was started without adaptersFolder and so takes no adapters")
