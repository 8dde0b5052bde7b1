"""Adapters in PEFT's format, several of them in one evaluation."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

WEIGHT = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
"""Names of an adapter's weights."""

BEYOND = ("use_dora", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "lora_bias", "modules_to_save")
"""Settings of PEFT that change what is computed; an adapter that has one is refused."""


class AdapterError(Exception):
    """An adapter cannot be loaded; the message says why."""


@dataclass(frozen=True)
class Pair:
    """What an adapter adds to a linear layer: up @ (down @ input)."""

    down: torch.Tensor
    up: torch.Tensor
    """With the adapter's scale."""


def read_adapter(folder: Path, base: Any, device: torch.device) -> dict[str, Pair]:
    """The pairs of an adapter by the names of the base model's layers.

    Raises:
        AdapterError: if it is damaged or made for another model.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        kind, alpha, root = config.get("peft_type"), float(config.get("lora_alpha", 8)), bool(config.get("use_rslora"))
        weights = load_file(folder / "adapter_model.safetensors", device=str(device))
    except Exception as error:  # json and safetensors each raise what they like
        raise AdapterError(f"it cannot be read: {error}") from error
    if kind != "LORA":
        raise AdapterError(f"it is of type {kind}, not LORA")
    beyond = [setting for setting in BEYOND if config.get(setting)]
    if beyond:
        raise AdapterError(f"it has {beyond[0]}, which this server cannot serve")
    found: dict[str, dict[str, torch.Tensor]] = {}
    for name, weight in weights.items():
        layer, half = _place(name, weight, base)
        found.setdefault(layer, {})[half] = weight.float()
    pairs = {}
    for layer, halves in found.items():
        if len(halves) != 2 or halves["A"].shape[0] != halves["B"].shape[1]:
            raise AdapterError(f"its weights for {layer} do not fit together")
        rank = halves["A"].shape[0]
        pairs[layer] = Pair(halves["A"], halves["B"] * (alpha / (math.sqrt(rank) if root else rank)))
    return pairs


def _place(name: str, weight: torch.Tensor, base: Any) -> tuple[str, str]:
    """The layer, and which half of its pair, that a weight is for. Raises AdapterError."""
    match = WEIGHT.fullmatch(name)
    try:
        module: Any = base.get_submodule(match[1]) if match else None
    except AttributeError:
        module = None
    if match is None or type(module) is not torch.nn.Linear:
        raise AdapterError(f"it was made for another base model: this one has no {name}")
    own, theirs = (module.in_features, weight.shape[1]) if match[2] == "A" else (module.out_features, weight.shape[0])
    if own != theirs:
        raise AdapterError(f"it was made for another base model: {match[1]} has {own} features, not {theirs}")
    return match[1], match[2]


class AdaptedLinears:
    """The linear layers of a model, with what the adapters of an evaluation's rows add."""

    def __init__(self, model: Any) -> None:
        self._adapters: dict[int, dict[str, Pair]] = {}
        self._groups: list[tuple[dict[str, Pair], slice]] = []
        weight_first = model.device.type == "cpu" and model.dtype == torch.float32
        for name, module in model.named_modules():
            if type(module) is torch.nn.Linear:
                # What draws tokens goes along the vocabulary, which must lie together.
                whole = module is model.get_output_embeddings()
                module.forward = self._weight_first(name, module, whole) if weight_first else self._rows_first(name, module)  # type: ignore[method-assign]

    def add(self, number: int, pairs: dict[str, Pair]) -> None:
        """Makes an adapter known by a number."""
        self._adapters[number] = pairs

    def remove(self, number: int) -> None:
        """Forgets an adapter."""
        del self._adapters[number]

    def use(self, adapters: list[tuple[int | None, slice]]) -> None:
        """Says under which adapter the rows of the next evaluation are; neighbours under the same one go together."""
        self._groups = []
        for number, rows in adapters:
            if number is None:
                continue
            pairs = self._adapters[number]
            start = rows.start
            if self._groups and self._groups[-1][0] is pairs and self._groups[-1][1].stop == start:
                start = self._groups.pop()[1].start
            self._groups.append((pairs, slice(start, rows.stop)))

    def _weight_first(self, name: str, linear: torch.nn.Linear, whole: bool) -> Any:
        """Multiplies the other way round: the CPU's libraries are faster with the large matrix on the left of a narrow one.

        The product is left as it comes, feature by feature, unless it is wanted `whole`.
        """

        def forward(rows: torch.Tensor) -> torch.Tensor:
            columns = rows.reshape(-1, rows.shape[-1]).t()
            product = torch.mm(linear.weight, columns)
            for pairs, group in self._groups:
                pair = pairs.get(name)
                if pair is not None:
                    product[:, group].addmm_(pair.up, torch.mm(pair.down, columns[:, group]))
            if linear.bias is not None:
                product += linear.bias.unsqueeze(1)
            flat = product.t().contiguous() if whole else product.t()
            return flat.view(*rows.shape[:-1], -1)

        return forward

    def _rows_first(self, name: str, linear: torch.nn.Linear) -> Any:
        def forward(rows: torch.Tensor) -> torch.Tensor:
            product = torch.nn.functional.linear(rows, linear.weight, linear.bias)
            for pairs, group in self._groups:
                pair = pairs.get(name)
                if pair is not None:  # in the adapter's precision, which is the higher one
                    product[:, group] += rows[:, group].float() @ pair.down.t() @ pair.up.t()
            return product

        return forward
