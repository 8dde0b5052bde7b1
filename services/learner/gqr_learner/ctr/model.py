"""The click predictor as a network: BERT, RoBERTa or ALBERT over the Fig. 2 embeddings, and a two-layer MLP on [CLS]."""

import dataclasses
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from gqr_learner.ctr.match import Match

INPUT_NAMES = ("input_ids", "segment_ids", "domain_ids", "attention_mask", "task_ids")
"""Inputs in the order of `CtrModel.forward`; the same names in ONNX."""

BY_TASK = ("task.weight", "calibration_scale", "calibration_shift", "examination")
"""Tensors with a row a task."""

WEIGHTS = "weights.safetensors"
INITIAL_DEVIATION = 0.02
"""Standard deviation of BERT's initial weights, at BERT's width."""
BERT_WIDTH = 768
MATCH_DEVIATION = 0.3
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
}
"""Named as in transformers."""


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Sizes of a network; all that is needed to build it before its weights are read."""

    layers: int
    hidden: int
    heads: int
    intermediate: int
    dropout: float
    vocabulary: int
    max_length: int
    max_domains: int
    tasks: int
    """Rows of the task embedding, the one for unknown tasks included."""
    match: int = 0
    """Width of the word vectors by which [CLS] is told how alike the target and what precedes it are; 0 for Fig. 2 alone."""
    embedding: int = 0
    """Width of factorised embeddings, which are projected to the width of the network; 0 for embeddings of that width."""
    shared: bool = False
    """Whether one layer's weights serve all layers."""
    first_position: int = 0
    """Row of the position embedding that the first token gets."""
    norm_epsilon: float = 1e-12
    activation: str = "gelu"
    """One of ACTIVATIONS."""
    ensemble: int = 1
    """Heads on one encoder, each with a prediction of its own."""
    sources: int = 0
    """Domain embeddings, the last ones, that are those of sources and not of positions."""
    sources_matched: bool = False
    """Whether [CLS] is told how alike the target and each source are too; models of before there was this are not."""
    backbone: str = "bert"
    """Where all that comes from, see backbones.py."""
    examination: bool = False
    """Whether the logit is that of a click once the target is looked at; see `CtrModel.examine`."""
    marks: int = 0
    """Most tokens by which a target's end tells its position; 0 if its domain does."""

    @property
    def places(self) -> int:
        """Positions of a list that are told apart."""
        return self.max_domains - self.sources - 1


class Layer(nn.Module):
    """A layer of the encoder: attention and feed-forward network, each followed by a residual connection and a norm."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        hidden = architecture.hidden
        self.heads = architecture.heads
        self.activation = ACTIVATIONS[architecture.activation]
        self.query = nn.Linear(hidden, hidden)
        self.key_value = nn.Linear(hidden, 2 * hidden)
        self.attended = nn.Linear(hidden, hidden)
        self.attended_norm = nn.LayerNorm(hidden, architecture.norm_epsilon)
        self.widen = nn.Linear(hidden, architecture.intermediate)
        self.narrow = nn.Linear(architecture.intermediate, hidden)
        self.narrow_norm = nn.LayerNorm(hidden, architecture.norm_epsilon)
        self.dropout = nn.Dropout(architecture.dropout)

    def forward(self, asking: Tensor, tokens: Tensor, visible: Tensor) -> Tensor:
        """What `asking`, float [batch, some, hidden], learns from `tokens`, float [batch, length, hidden].

        `visible` is bool [batch, 1, 1, length]. All tokens ask in every layer but the last, where only [CLS] is read: asking for it
        alone gives the same number for about half of the work of two layers.
        """
        query = self.query(asking).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key, value = self.key_value(tokens).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        asking = self.attended_norm(asking + self.dropout(self.attended(found.transpose(1, 2).flatten(-2))))
        changed: Tensor = self.narrow_norm(asking + self.dropout(self.narrow(self.activation(self.widen(asking)))))
        return changed


class Heads(nn.Linear):
    """The last layer of each of several heads, from float [batch, heads * hidden] to logits, float [batch, heads].

    Weights are float [heads, hidden]: for one head it is the linear layer that it inherits from.
    """

    def forward(self, features: Tensor) -> Tensor:
        """As the class says."""
        logits: Tensor = (features.view(-1, *self.weight.shape) * self.weight).sum(-1) + self.bias
        return logits


class CtrModel(nn.Module):
    """Predicts the logit of a click on the target of each input."""

    calibration_scale: Tensor
    calibration_shift: Tensor
    examination: Tensor | None
    marks: Tensor | None

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        hidden = architecture.hidden
        width = architecture.embedding or hidden
        self.token = nn.Embedding(architecture.vocabulary, width)
        self.position = nn.Embedding(architecture.first_position + architecture.max_length, width)
        self.segment = nn.Embedding(2, width)
        self.domain = nn.Embedding(architecture.max_domains, width)
        # Beyond the paper, which trains one predictor a task: one network for all tasks that knows which one it looks at.
        self.task = nn.Embedding(architecture.tasks, width)
        positions = architecture.max_domains - architecture.sources
        matched = architecture.sources if architecture.sources_matched else 0
        self.match = (
            Match(architecture.vocabulary, architecture.match, width, positions, matched) if architecture.match > 0 else None
        )
        self.norm = nn.LayerNorm(width, architecture.norm_epsilon)
        self.dropout = nn.Dropout(architecture.dropout)
        self.project = nn.Linear(width, hidden) if architecture.embedding else nn.Identity()
        self.layers = nn.ModuleList(Layer(architecture) for _ in range(1 if architecture.shared else architecture.layers))
        heads = architecture.ensemble
        self.head = nn.Sequential(
            nn.Linear(hidden, heads * hidden), nn.GELU(), nn.Dropout(architecture.dropout), Heads(hidden, heads)
        )
        self.register_buffer("calibration_scale", torch.ones(architecture.tasks))
        self.register_buffer("calibration_shift", torch.zeros(architecture.tasks))
        places = architecture.places
        self.register_buffer("examination", torch.ones(architecture.tasks, places) if architecture.examination else None)
        self.register_buffer("marks", torch.zeros(places, architecture.marks, dtype=torch.int64) if architecture.marks else None)
        # With BERT's own deviation a narrow network can sit for whole passes on a plateau where it predicts the mean.
        deviation = INITIAL_DEVIATION * math.sqrt(BERT_WIDTH / hidden)
        self.apply(lambda part: _initialise(part, deviation))
        if self.match is not None:
            # As loud as the embeddings together, or the network takes long to hear it.
            nn.init.normal_(self.match.tell.weight, std=MATCH_DEVIATION)

    def forward(
        self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor, task_ids: Tensor
    ) -> Tensor:
        """Logits, float [batch]: of a click, or with examination of a click once the target is looked at.

        The first four are int64 [batch, length], where attention_mask is 0 for padding; task_ids is int64 [batch].
        """
        return self.votes(input_ids, segment_ids, domain_ids, attention_mask, task_ids).mean(-1)

    def votes(self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor, task_ids: Tensor) -> Tensor:
        """Logits by head, float [batch, heads]; their mean is that of `forward`."""
        cls = self.encode(input_ids, segment_ids, domain_ids, attention_mask, task_ids)
        logits: Tensor = self.head(cls) * self.calibration_scale[task_ids, None] + self.calibration_shift[task_ids, None]
        return logits

    def seen(
        self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor, task_ids: Tensor
    ) -> Tensor | None:
        """Probability that the target is looked at where it stands, float [batch]; None without examination."""
        if self.examination is None:
            return None
        last = self.architecture.places
        if self.marks is None:
            # Its domain, and one more than that of what precedes it, should the target have no token.
            after = domain_ids + ((segment_ids == 0) & (domain_ids > 0)).to(domain_ids.dtype)
            positions = torch.where(domain_ids > last, 0, after).amax(1).clamp(1, last)
        else:
            width = self.marks.shape[1]
            ends = attention_mask.sum(1, keepdim=True) - width + torch.arange(width, device=input_ids.device)
            ending = input_ids.gather(1, ends.clamp(min=0))
            is_mark = ((ending[:, None, :] == self.marks) | (self.marks < 0)).all(-1)
            # What has no mark among them stands behind the last of them.
            places = torch.arange(1, last + 1, device=input_ids.device)
            positions = torch.where(is_mark, places, last).amin(1)
        return self.examination[task_ids, positions - 1]

    def encode(
        self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor, task_ids: Tensor
    ) -> Tensor:
        """What the last layer makes of [CLS], float [batch, hidden]; arguments as in `forward`."""
        visible = attention_mask.bool()[:, None, None, :]
        first = self.architecture.first_position
        places = self.position.weight[first : first + input_ids.shape[1]]
        tokens = (
            self.token(input_ids) + places + self.segment(segment_ids) + self.domain(domain_ids) + self.task(task_ids)[:, None, :]
        )
        if self.match is not None:
            told = self.match(input_ids, segment_ids, domain_ids, attention_mask)
            tokens = torch.cat([tokens[:, :1] + told[:, None, :], tokens[:, 1:]], 1)
        tokens = self.project(self.dropout(self.norm(tokens)))
        for number in range(self.architecture.layers - 1):
            tokens = self._layer(number)(tokens, tokens, visible)
        cls: Tensor = self._layer(self.architecture.layers - 1)(tokens[:, :1], tokens, visible)
        return cls[:, 0]

    def _layer(self, number: int) -> nn.Module:
        return self.layers[number % len(self.layers)]

    def calibrate(self, scale: Tensor, shift: Tensor) -> None:
        """From now on gives `scale * logit + shift` for each logit; both are float [tasks]."""
        self.calibration_scale, self.calibration_shift = self.calibration_scale * scale, self.calibration_shift * scale + shift

    def examine(self, table: Tensor | None, marks: Tensor | None = None) -> None:
        """From now on predicts `table`, float [tasks, places] in (0, 1], times the sigmoid of the logit; None for the latter alone.

        `marks` are the last tokens of a target by place, int64 [places, most tokens], with -1 before shorter ones; None if its
        domain tells its place, or nothing does and a row of the table is the same everywhere.
        """
        self.examination, self.marks = table, marks
        width = 0 if marks is None else marks.shape[1]
        self.architecture = dataclasses.replace(self.architecture, examination=table is not None, marks=width)

    def start_at(self, click_rate: float) -> None:
        """Has the untrained network predict this rate, and so saves the steps in which nothing else would be learnt."""
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, torch.logit(torch.tensor(click_rate)).item())


def _initialise(part: nn.Module, deviation: float) -> None:
    if isinstance(part, nn.Linear | nn.Embedding):
        nn.init.normal_(part.weight, std=deviation)
    if isinstance(part, nn.Linear):
        nn.init.zeros_(part.bias)


def as_shown(logits: Tensor, seen: Tensor) -> Tensor:
    """Logits of `seen * sigmoid(logits)`, which neither large logits nor an examination `seen` of 1 make infinite."""
    return torch.log(seen) - torch.logaddexp(-logits, torch.log1p(-seen))


def predicted(model: CtrModel, inputs: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Click probability and uncertainty, float [batch] each, of inputs in the order of INPUT_NAMES.

    With examination both are those of the target where it stands.
    """
    probability, uncertainty = summarise(model.votes(*inputs).float())
    seen = model.seen(*inputs)
    return (probability, uncertainty) if seen is None else (seen * probability, seen * uncertainty)


def summarise(votes: Tensor) -> tuple[Tensor, Tensor]:
    """Probability and uncertainty, float [batch] each, of logits by head, float [batch, heads].

    The probability is that of the mean logit. The uncertainty is the standard deviation of the heads' probabilities: 0 for one
    head. It is meant as a penalty on rewards (after arXiv 2508.15811).
    """
    return torch.sigmoid(votes.mean(-1)), torch.sigmoid(votes).std(-1, correction=0)


def save_weights(model: CtrModel, path: Path) -> None:
    """Writes the weights and the architecture, from which a later training can start."""
    architecture = json.dumps(dataclasses.asdict(model.architecture))
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, path, metadata={"architecture": architecture})


def load_weights(path: Path, tasks: int) -> CtrModel:
    """The network of a file. More `tasks` than it has start as its unknown task does."""
    with safe_open(path, framework="pt") as file:
        saved = Architecture(**json.loads(file.metadata()["architecture"]))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    if tasks > saved.tasks:
        for name in tensors.keys() & set(BY_TASK):
            known = tensors[name]
            tensors[name] = torch.cat([known, known[:1].expand(tasks - saved.tasks, *known.shape[1:])])
    model = CtrModel(dataclasses.replace(saved, tasks=max(tasks, saved.tasks)))
    model.load_state_dict(tensors)
    return model
