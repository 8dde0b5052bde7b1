"""The base model that policies adapt: read from the GGUF file that serves, so that training and serving have the same weights."""

import hashlib
from pathlib import Path
from typing import Any

import torch

from gqr_learner.worker import LearnerError


def sha256_of(path: Path) -> str:
    """Sha256 of a file, in hex."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def frozen_dtype(name: str) -> torch.dtype:
    """The dtype that `name` means for weights that are not trained: "float32", "bfloat16", or "auto" for the faster of the two.

    Without instructions for bfloat16 a CPU multiplies it some thirty times slower than float32.
    """
    if name == "auto":
        fast = torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return torch.bfloat16 if fast else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]


def load_base_model(gguf: Path, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """Tokenizer and causal language model of a GGUF file, dequantised to `dtype`.

    Raises:
        LearnerError: if the file is no model that transformers can read.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        dequantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=dtype)
    except (OSError, ValueError, KeyError) as error:
        reason = f"{gguf} cannot be read as a base model: {error}"
        raise LearnerError(reason, "give the GGUF file that the generation service loads") from error
    # transformers refuses to train a model that it knows as quantised, even though its weights no longer are.
    config = dequantised.config.to_dict()
    config.pop("quantization_config", None)
    model = type(dequantised)(type(dequantised.config)(**{**config, "use_cache": False})).to(dtype)
    model.load_state_dict(dequantised.state_dict())
    model.tie_weights()
    return tokenizer, model
