"""The base model, evaluated with adapters and with keys and values that texts share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from gqr_learner.base_model import frozen_dtype, load_base_model
from gqr_learner.rollout.layout import ATTENTION, Layout
from gqr_learner.rollout.lora import AdaptedLinears, read_adapter
from gqr_learner.rollout.prompt_cache import Prompt
from gqr_learner.worker import LearnerError


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


class LanguageModel:
    """A causal language model with adapters. Used by one thread."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self._base = model
        self._base.set_attn_implementation(ATTENTION)
        self._linears = AdaptedLinears(model)
        self.device = model.device
        self._dtype = model.dtype
        self._layers: int = config.num_hidden_layers
        self._key_heads: int = config.num_key_value_heads
        self._heads_a_key: int = config.num_attention_heads // config.num_key_value_heads
        self._width: int = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.vocabulary: int = config.vocab_size

    def load_adapter(self, number: int, folder: Path) -> None:
        """Loads an adapter in PEFT's format under a number of its own.

        Raises:
            AdapterError: if it is damaged or made for another model.
        """
        self._linears.add(number, read_adapter(folder, self._base, self.device))

    def unload_adapter(self, number: int) -> None:
        """Forgets an adapter."""
        self._linears.remove(number)

    def new_prompt(self, tokens: tuple[int, ...], adapter: int | None, like: Prompt | None, known: int) -> Prompt:
        """A prompt that has yet to be read, but for its first `known` tokens, which it has in common with `like`."""
        shape = (self._layers, self._key_heads, len(tokens) + 32, self._width)
        keys, values = (torch.empty(shape, dtype=self._dtype, device=self.device) for _ in range(2))
        if like is not None and known > 0:
            keys[:, :, :known] = like.keys[:, :, :known]
            values[:, :, :known] = like.values[:, :, :known]
        return Prompt(tokens, adapter, keys, values, columns=known)

    @torch.inference_mode()
    def step(self, writing: Sequence[Prompt], tokens: Sequence[int], reading: Sequence[tuple[Prompt, int]]) -> torch.Tensor:
        """Appends one of `tokens` to each text of some prompts, and reads on in others by so many tokens each.

        All go through the network in one row, since a wide product costs less a token than a narrow one. Prompts that were read to
        their end have their logits; those that have log-probabilities get those of what was read. Prompts under one adapter should
        be neighbours.

        Returns:
            The logits [texts, vocabulary] of what follows each text, in float32.
        """
        layout = Layout(self._heads_a_key, self._dtype)
        ids, adapters, kept = list(tokens), [], list(range(len(tokens)))
        for prompt in writing:
            start = len(layout.positions)
            layout.add_texts(prompt)
            adapters.append((prompt.adapter, slice(start, len(layout.positions))))
        for prompt, count in reading:
            start = len(ids)
            layout.add_chunk(prompt, count)
            ids += prompt.tokens[prompt.columns : prompt.columns + count]
            adapters.append((prompt.adapter, slice(start, len(ids))))
            kept += range(start, len(ids)) if prompt.logprobs is not None else [len(ids) - 1]
        self._linears.use(adapters)
        output = self._base(
            input_ids=torch.tensor([ids], device=self.device),
            position_ids=torch.tensor([layout.positions], device=self.device),
            past_key_values=layout,
            layout=layout,
            use_cache=True,
            logits_to_keep=torch.tensor(kept, device=self.device),
        )
        layout.advance()
        logits: torch.Tensor = output.logits[0].float()
        at = len(tokens)
        for prompt, count in reading:
            size = count if prompt.logprobs is not None else 1
            self._note(prompt, count, logits[at : at + size])
            at += size
        return logits[: len(tokens)]

    def _note(self, prompt: Prompt, count: int, logits: torch.Tensor) -> None:
        """Keeps what the logits of the `count` tokens that were just read, or of the last one, say."""
        if prompt.logprobs is not None:
            following = prompt.tokens[prompt.columns - count + 1 : prompt.columns + 1]
            scored = logits[: len(following)]
            targets = torch.tensor(following, dtype=torch.int64, device=self.device).unsqueeze(1)
            prompt.logprobs += (scored.gather(1, targets).squeeze(1) - scored.logsumexp(dim=-1)).tolist()
        if prompt.columns == prompt.size:
            prompt.logits = logits[-1].clone()
