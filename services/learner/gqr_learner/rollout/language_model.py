"""The base model and its adapters, evaluated with keys and values that texts share."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import AttentionInterface

from gqr_learner.base_model import frozen_dtype, load_base_model
from gqr_learner.rollout.prompt_cache import Branch, Prompt
from gqr_learner.worker import LearnerError

CHUNK = 256
"""Tokens of a prompt that are evaluated at a time: enough for a busy processor, few enough to notice soon that nobody waits."""

BASE = "__base__"
"""PEFT's name for no adapter."""

WEIGHT = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
"""Names of an adapter's weights."""

ATTENTION = "gqr_shared_prompt"


class AdapterError(Exception):
    """An adapter cannot be loaded; the message says why."""


class _Prefill:
    """Tokens of one prompt, which see what stands before them."""

    def __init__(self, prompt: Prompt, count: int) -> None:
        self._prompt = prompt
        self._from = prompt.columns
        self._to = prompt.columns + count
        device = prompt.keys.device
        places = torch.arange(self._from, self._to, device=device).unsqueeze(1)
        self._mask = torch.arange(self._to, device=device).unsqueeze(0) <= places

    def update(self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Stores the keys and values of a layer. Part of transformers' Cache that its models call."""
        self._prompt.keys[layer, :, self._from : self._to] = keys[0]
        self._prompt.values[layer, :, self._from : self._to] = values[0]
        return keys, values

    def attend(self, layer: int, queries: torch.Tensor, scale: float) -> torch.Tensor:
        """Queries [1, heads, tokens, width] to outputs [1, tokens, heads, width]."""
        keys = self._prompt.keys[layer, :, : self._to].unsqueeze(0)
        values = self._prompt.values[layer, :, : self._to].unsqueeze(0)
        mixed = torch.nn.functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=self._mask, scale=scale, enable_gqa=True
        )
        return mixed.transpose(1, 2)


class _Decode:
    """One new token for each of many texts, in the order of their prompts."""

    def __init__(self, prompts: Sequence[Prompt], heads_a_key: int, dtype: torch.dtype) -> None:
        self._prompts = prompts
        self._masks: list[torch.Tensor] = []
        self._rows: list[slice] = []
        at = 0
        for prompt in prompts:
            count = len(prompt.branches)
            prompt.reserve(prompt.columns + count)
            own = torch.arange(count, device=prompt.keys.device)
            prompt.visible[:, prompt.columns : prompt.columns + count] = False
            prompt.visible[own, prompt.columns + own] = True
            seen = prompt.visible[:, : prompt.columns + count].repeat_interleave(heads_a_key, dim=0)
            self._masks.append(torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, float("-inf")))
            self._rows.append(slice(at, at + count))
            at += count

    def update(self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Stores the keys and values of a layer. Part of transformers' Cache that its models call."""
        for prompt, rows in zip(self._prompts, self._rows, strict=True):
            to = prompt.columns + rows.stop - rows.start
            prompt.keys[layer, :, prompt.columns : to] = keys[rows, :, 0].transpose(0, 1)
            prompt.values[layer, :, prompt.columns : to] = values[rows, :, 0].transpose(0, 1)
        return keys, values

    def attend(self, layer: int, queries: torch.Tensor, scale: float) -> torch.Tensor:
        """Queries [texts, heads, 1, width] to outputs [texts, 1, heads, width].

        The query heads that share a key head, and the texts that share a prompt, are queries to one and the same keys.
        """
        outputs = torch.empty_like(queries)
        for prompt, rows, mask in zip(self._prompts, self._rows, self._masks, strict=True):
            count, to = rows.stop - rows.start, prompt.columns + rows.stop - rows.start
            heads, width = prompt.keys.shape[1], queries.shape[3]
            grouped = queries[rows].view(count, heads, -1, width).transpose(0, 1).reshape(1, heads, -1, width)
            mixed = torch.nn.functional.scaled_dot_product_attention(
                grouped,
                prompt.keys[layer, :, :to].unsqueeze(0),
                prompt.values[layer, :, :to].unsqueeze(0),
                attn_mask=mask,
                scale=scale,
            )
            outputs[rows] = mixed.view(heads, count, -1, width).transpose(0, 1).reshape(count, -1, 1, width)
        return outputs.transpose(1, 2)

    def advance(self) -> None:
        """Counts the columns that were filled."""
        for prompt, rows in zip(self._prompts, self._rows, strict=True):
            prompt.columns += rows.stop - rows.start
            for branch in prompt.branches:
                branch.length += 1


def _attend(
    module: Any,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: Any,
    *,
    scaling: float,
    layout: Any,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """The attention that transformers' models call; `layout` says who sees what."""
    return layout.attend(module.layer_idx, queries, scaling), None


AttentionInterface.register(ATTENTION, _attend)


def load(path: Path, dtype: str, device: str) -> tuple[Any, Any]:
    """Tokenizer and model of a GGUF file, or of a folder in Hugging Face's format."""
    on = torch.device(device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
    if path.is_dir():
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(path)
            model = AutoModelForCausalLM.from_pretrained(path, dtype=frozen_dtype(dtype))
        except (OSError, ValueError, KeyError) as error:
            reason = f"{path} cannot be read as a base model: {error}"
            raise LearnerError(reason, "give a folder with config.json, tokenizer and safetensors, or a GGUF file") from error
    else:
        tokenizer, model = load_base_model(path, frozen_dtype(dtype))
    return tokenizer, model.to(on).eval()


def _weight_first(linear: torch.nn.Linear) -> None:
    """Multiplies the other way round: the CPU's libraries are a fifth faster with the large matrix on the left of a narrow one."""

    def forward(rows: torch.Tensor) -> torch.Tensor:
        flat = rows.reshape(-1, rows.shape[-1])
        product = torch.mm(linear.weight, flat.t()).t()
        product = product.contiguous() if linear.bias is None else product + linear.bias
        return product.view(*rows.shape[:-1], -1)

    linear.forward = forward  # type: ignore[method-assign, assignment]


class LanguageModel:
    """A causal language model with adapters. Used by one thread."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self._base = model
        self._base.set_attn_implementation(ATTENTION)
        self._peft: Any = None
        self._active: str | None = None
        self.device = model.device
        self._dtype = model.dtype
        self._layers: int = config.num_hidden_layers
        self._key_heads: int = config.num_key_value_heads
        self._heads_a_key: int = config.num_attention_heads // config.num_key_value_heads
        self._width: int = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.vocabulary: int = config.vocab_size
        if self.device.type == "cpu" and self._dtype == torch.float32:
            for module in model.modules():
                if type(module) is torch.nn.Linear:
                    _weight_first(module)

    def load_adapter(self, number: int, folder: Path) -> None:
        """Loads an adapter in PEFT's format under a number of its own.

        Raises:
            AdapterError: if it is damaged or made for another model.
        """
        from peft import PeftModel

        self._require_fit(folder)
        name = _name(number)
        try:
            if self._peft is None:
                self._peft = PeftModel.from_pretrained(self._base, str(folder), adapter_name=name)
            else:
                self._peft.load_adapter(str(folder), adapter_name=name)
        except Exception as error:  # PEFT, safetensors and torch each raise what they like
            if self._peft is not None and name in self._peft.peft_config:
                self._peft.delete_adapter(name)
            raise AdapterError(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__) from error
        self._peft.eval()
        self._active = None

    def _require_fit(self, folder: Path) -> None:
        """Checks an adapter before PEFT changes the model for it. Raises AdapterError."""
        try:
            kind = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("peft_type")
            with safe_open(str(folder / "adapter_model.safetensors"), "pt") as weights:
                shapes = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118 (it is no dict)
        except Exception as error:
            raise AdapterError(f"it cannot be read: {error}") from error
        if kind != "LORA":
            raise AdapterError(f"it is of type {kind}, not LORA")
        for name, shape in shapes.items():
            match = WEIGHT.fullmatch(name)
            try:
                module: Any = self._base.get_submodule(match[1]) if match else None
            except AttributeError:
                module = None
            if match is None or not hasattr(module, "in_features"):
                raise AdapterError(f"it was made for another base model: this one has no {name}")
            own, theirs = (module.in_features, shape[1]) if match[2] == "A" else (module.out_features, shape[0])
            if own != theirs:
                raise AdapterError(f"it was made for another base model: {match[1]} has {own} features, not {theirs}")

    def unload_adapter(self, number: int) -> None:
        """Forgets an adapter."""
        self._peft.delete_adapter(_name(number))
        self._active = None

    def new_prompt(self, tokens: tuple[int, ...], adapter: int | None, like: Prompt | None, known: int) -> Prompt:
        """A prompt that has yet to be evaluated, but for its first `known` tokens, which it has in common with `like`."""
        shape = (self._layers, self._key_heads, len(tokens) + 32, self._width)
        keys, values = (torch.zeros(shape, dtype=self._dtype, device=self.device) for _ in range(2))
        if like is not None and known > 0:
            keys[:, :, :known] = like.keys[:, :, :known]
            values[:, :, :known] = like.values[:, :, :known]
        return Prompt(tokens, adapter, keys, values, columns=known)

    @torch.inference_mode()
    def evaluate(self, prompt: Prompt, with_logprobs: bool) -> bool:
        """Evaluates the next chunk of a prompt. Returns whether the prompt is complete.

        With `with_logprobs`, `prompt.logprobs` holds those of the tokens up to `prompt.columns`, and goes on from there.
        """
        start = prompt.columns
        chunk = prompt.tokens[start : start + CHUNK]
        done = start + len(chunk) == prompt.size
        layout = _Prefill(prompt, len(chunk))
        ids = torch.tensor([chunk], device=self.device)
        positions = torch.arange(start, start + len(chunk), device=self.device).unsqueeze(0)
        wanted = 0 if with_logprobs else 1  # transformers: 0 keeps the logits of all places
        logits = self._forward(ids, positions, layout, [prompt.adapter], wanted)[0]
        prompt.columns = start + len(chunk)
        if with_logprobs and prompt.logprobs is not None:
            following = prompt.tokens[start + 1 : start + len(chunk) + 1]
            scored = logits[: len(following)].float()
            targets = torch.tensor(following, device=self.device).unsqueeze(1)
            prompt.logprobs += (scored.gather(1, targets).squeeze(1) - scored.logsumexp(dim=-1)).tolist()
        if done:
            prompt.logits = logits[-1].float().clone()
        return done

    @torch.inference_mode()
    def decode(self, prompts: Sequence[Prompt], tokens: Sequence[int]) -> torch.Tensor:
        """Appends one token to each text of `prompts`; the logits [texts, vocabulary] of what follows, in float32."""
        layout = _Decode(prompts, self._heads_a_key, self._dtype)
        branches: list[tuple[Prompt, Branch]] = [(prompt, branch) for prompt in prompts for branch in prompt.branches]
        places = [[prompt.size + branch.length] for prompt, branch in branches]
        ids = torch.tensor(tokens, device=self.device).unsqueeze(1)
        positions = torch.tensor(places, device=self.device)
        logits = self._forward(ids, positions, layout, [prompt.adapter for prompt, _ in branches], 1)
        layout.advance()
        return logits[:, -1].float()

    def _forward(
        self, ids: torch.Tensor, positions: torch.Tensor, layout: Any, adapters: Sequence[int | None], kept_logits: int
    ) -> torch.Tensor:
        """Logits [rows, kept, vocabulary] of a batch, each row under an adapter of its own."""
        arguments: dict[str, Any] = {
            "input_ids": ids,
            "position_ids": positions,
            "past_key_values": layout,
            "layout": layout,
            "use_cache": True,
            "logits_to_keep": kept_logits,
        }
        if self._peft is None:
            return torch.as_tensor(self._base(**arguments).logits)
        names = [BASE if adapter is None else _name(adapter) for adapter in adapters]
        first = names[0]
        if any(name != first for name in names) or first == BASE:
            return torch.as_tensor(self._peft(**arguments, adapter_names=names).logits)
        if first != self._active:
            self._peft.set_adapter(first, inference_mode=True)
            self._active = first
        return torch.as_tensor(self._peft(**arguments).logits)


def _name(number: int) -> str:
    """PEFT's name of an adapter; it must not have a dot."""
    return f"adapter-{number}"
