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


def load_base_model(gguf: Path) -> tuple[Any, Any]:
    """Tokenizer and causal language model of a GGUF file, dequantised to float32.

    Raises:
        LearnerError: if the file is no model that transformers can read.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        dequantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        reason = f"{gguf} cannot be read as a base model: {error}"
        raise LearnerError(reason, "give the GGUF file that the generation service loads") from error
    # transformers refuses to train a model that it knows as quantised, even though its weights no longer are.
    config = dequantised.config.to_dict()
    config.pop("quantization_config", None)
    model = type(dequantised)(type(dequantised.config)(**{**config, "use_cache": False}))
    model.load_state_dict(dequantised.state_dict())
    model.tie_weights()
    return tokenizer, model
