"""Configuration of train-ctr."""

from dataclasses import dataclass

from gqr_learner.config import option
from gqr_learner.ctr.backbones import BACKBONES
from gqr_learner.ctr.export import PRECISIONS
from gqr_learner.ctr.input import VARIANTS


@dataclass(frozen=True)
class CtrConfig:
    """How a click predictor is trained. Sizes and backbone count only from scratch: else they are those of the weights."""

    variant: str = option(
        "ctx",
        "Input: base, pid (adds the position), ctx (Fig. 2) or src (Fig. 2 with answer, history and co-occurrence)",
        choices=VARIANTS,
    )
    backbone: str = option("bert", "Kind of encoder and of tokenizer", choices=tuple(BACKBONES))
    init: str = option(
        "scratch",
        'Where weights and tokenizer come from: "scratch", "parent" for the model folder in the input "parent", or "pretrained"',
        choices=("scratch", "parent", "pretrained"),
    )
    pretrained: str = option(
        "", 'With init "pretrained": Hugging Face name, or folder with config.json, model.safetensors and tokenizer.json'
    )
    pretrained_sha256: str = option("", "sha256 of its model.safetensors, which is refused if it has another; empty for any")
    keep_layers: int = option(
        0, 'With init "pretrained": only so many of its layers, the first ones; 0 for all of them', least=0, most=48
    )
    new_parts_rate: float = option(
        10.0,
        'With init "pretrained": how many times the learning rate the new parts have, which are domains, tasks, match and head',
        least=1,
        most=1000,
    )
    position_bias: str = option(
        "none",
        "none learns clicks as they are; examination learns attractiveness, beside a curve of how much each place is looked at that"
        " the training data yield",
        choices=("none", "examination"),
    )
    layers: int = option(2, "Transformer layers", least=1, most=48)
    hidden: int = option(128, "Width of the network", least=8, most=4096)
    heads: int = option(2, "Attention heads; must divide the width", least=1, most=64)
    intermediate: int = option(512, "Width of the feed-forward layers", least=8, most=16384)
    embedding: int = option(
        64, "Width of the embeddings of albert, which are projected to the width of the network", least=2, most=4096
    )
    word_vectors: str = option(
        "pretrained",
        "What tells [CLS] how alike the target and what precedes it are: vectors that the pretrained sentence encoder teaches,"
        " random ones (like words alone match), or none (Fig. 2 alone)",
        choices=("pretrained", "random", "none"),
    )
    word_width: int = option(64, "Width of the word vectors", least=2, most=384)
    vocabulary: int = option(12_000, "Most tokens of the vocabulary", least=200, most=100_000)
    max_length: int = option(96, "Most tokens of an input; longer ones are cut", least=16, most=512)
    source_tokens: int = option(24, "Most tokens of each source in variant src", least=1, most=512)
    max_domains: int = option(16, "Domain embeddings; positions from the last one on share it", least=2, most=128)
    ensemble: int = option(4, "Heads, whose disagreement is the uncertainty of a prediction; 1 for none", least=1, most=64)
    dropout: float = option(0.1, "Dropout in the network and its head", least=0, most=0.9)
    task_dropout: float = option(0.05, "Share of inputs that are trained as if their task were unknown", least=0, most=1)
    epochs: int = option(4, "Most passes over the training data", least=1, most=1000)
    patience: int = option(2, "Passes without a better validation logloss after which training ends", least=1, most=1000)
    batch_size: int = option(64, "Instances a step", least=1, most=8192)
    learning_rate: float | None = option(
        None,
        "Highest step size of AdamW, after the warm-up, then falling to 0; null for 3e-4 from scratch, 1.5e-4 from a parent,"
        " 5e-5 from pretrained weights",
        least=1e-8,
        most=1,
    )
    warmup: float = option(0.1, "Share of all steps in which the step size rises", least=0, most=1)
    weight_decay: float = option(0.01, "Weight decay of AdamW", least=0, most=10)
    clip: float = option(1.0, "Largest norm of the gradient", least=1e-3, most=1e6)
    precision: str = option("fp32", "Numbers of the exported network", choices=PRECISIONS)
    bf16: bool = option(False, "Compute in bfloat16 where that is safe")
    device: str = option("auto", "Where to compute; auto takes a GPU if there is one", choices=("auto", "cpu", "cuda"))
    threads: int = option(0, "Threads on the CPU; 0 for half of the cores, since others need some too", least=0, most=1024)
    checkpoint_seconds: float = option(30.0, "Time between checkpoints", least=0, most=86_400)
    seed: int = option(17, "Seed of everything random", least=0, most=2**31 - 1)

    def step_size(self) -> float:
        """The learning rate, with its default filled in: what a parent knows is to be added to, not overwritten."""
        if self.learning_rate is not None:
            return self.learning_rate
        return {"scratch": 3e-4, "parent": 1.5e-4, "pretrained": 5e-5}[self.init]
