"""What tells the backbones of Table 2 apart: tokenizer, special tokens, and the shape of embeddings and layers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer, decoders

from gqr_learner.ctr import vocabulary

TrainTokenizer = Callable[[Iterable[str], int, Callable[[], None]], Tokenizer]


@dataclass(frozen=True)
class Backbone:
    """A family of pretrained encoders (Devlin et al. 2019, Liu et al. 2019, Lan et al. 2020)."""

    name: str
    train_tokenizer: TrainTokenizer
    cls: str
    sep: str
    special: tuple[str, ...]
    """Special tokens, those two included."""
    word: Callable[[str], str]
    """The characters that a token stands for, without the mark of where words begin or go on."""
    first_position: int = 0
    """Row of the position embedding that the first token gets; RoBERTa counts from behind its padding id."""
    norm_epsilon: float = 1e-12
    activation: str = "gelu"
    shared: bool = False
    """Whether one layer's weights serve all layers."""
    factorised: bool = False
    """Whether embeddings are narrower than the network and projected to its width."""

    def layout(self, embedding: int) -> dict[str, Any]:
        """The fields of Architecture that the backbone decides; `embedding` is the width of factorised embeddings."""
        return {
            "backbone": self.name,
            "embedding": embedding if self.factorised else 0,
            "shared": self.shared,
            "first_position": self.first_position,
            "norm_epsilon": self.norm_epsilon,
            "activation": self.activation,
        }


_bytes = decoders.ByteLevel()

BACKBONES = {
    each.name: each
    for each in (
        Backbone(
            name="bert",
            train_tokenizer=vocabulary.train_wordpiece,
            cls=vocabulary.CLS,
            sep=vocabulary.SEP,
            special=tuple(vocabulary.SPECIAL),
            word=lambda token: token.removeprefix("##"),
        ),
        Backbone(
            name="roberta",
            train_tokenizer=vocabulary.train_byte_pairs,
            cls="<s>",
            sep="</s>",
            special=tuple(vocabulary.ROBERTA_SPECIAL),
            word=lambda token: _bytes.decode([token]).strip(),
            first_position=2,
            norm_epsilon=1e-5,
        ),
        Backbone(
            name="albert",
            train_tokenizer=vocabulary.train_unigrams,
            cls=vocabulary.CLS,
            sep=vocabulary.SEP,
            special=tuple(vocabulary.SPECIAL),
            word=lambda token: token.replace("\u2581", ""),
            activation="gelu_new",
            shared=True,
            factorised=True,
        ),
    )
}
"""By name."""


def model_name(backbone: str, variant: str) -> str:
    """The name of a model of Table 2: "bert", "roberta+pid", "albert+ctx"."""
    return backbone if variant == "base" else f"{backbone}+{variant}"


def parse_model_name(name: str) -> tuple[str, str]:
    """Backbone and variant of a model's name; the reverse of `model_name`."""
    backbone, _, variant = name.partition("+")
    return backbone, variant or "base"
