"""What a training starts from: a new network, a parent model, or a pretrained encoder."""

import dataclasses
import json
from pathlib import Path

from tokenizers import Tokenizer

from gqr_learner.ctr.backbones import BACKBONES, Backbone
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.impressions import Impressions
from gqr_learner.ctr.input import InputSpec
from gqr_learner.ctr.model import WEIGHTS, Architecture, CtrModel, load_weights
from gqr_learner.ctr.pretrained import find_pretrained, load_encoder
from gqr_learner.ctr.vocabulary import agreed, load_tokenizer
from gqr_learner.ctr.word_vectors import COMMON_WORDS, start_from, teach
from gqr_learner.sentence_encoder import SentenceEncoder
from gqr_learner.worker import LearnerError, Worker


@dataclasses.dataclass(frozen=True)
class Start:
    """What a training starts from."""

    tokenizer: Tokenizer
    spec: InputSpec
    model: CtrModel


def from_scratch(config: CtrConfig, train: Impressions, worker: Worker) -> Start:
    """A tokenizer, a task table and an untrained network, all made from the training data."""
    texts = list(train.texts())
    backbone = BACKBONES[config.backbone]
    teacher = _teacher(config)
    # Twice: what occurs once makes no token. Words of the log come more often, so they are learnt first.
    common = teacher.common_words(COMMON_WORDS) * 2 if teacher is not None else []
    total = len(texts) + len(common)
    count = iter(range(total))
    tokenizer = backbone.train_tokenizer(
        [*texts, *common], config.vocabulary, lambda: worker.step("vocabulary", next(count), total, "texts")
    )
    spec = _spec(config, train, backbone)
    architecture = Architecture(
        layers=config.layers,
        hidden=config.hidden,
        heads=config.heads,
        intermediate=config.intermediate,
        dropout=config.dropout,
        vocabulary=tokenizer.get_vocab_size(),
        max_length=config.max_length,
        max_domains=spec.domains,
        sources=spec.sources,
        sources_matched=spec.sources > 0,
        ensemble=config.ensemble,
        tasks=len(spec.tasks) + 1,
        match=_match_width(config),
        **backbone.layout(config.embedding),
    )
    return _ready(config, Start(tokenizer, spec, CtrModel(architecture)), backbone, teacher, train, worker)


def from_pretrained(config: CtrConfig, train: Impressions, worker: Worker) -> Start:
    """Tokenizer and encoder of a pretrained model; what it does not have (domains, tasks, head) is new."""
    backbone = BACKBONES[config.backbone]
    folder = find_pretrained(config.pretrained, config.pretrained_sha256)
    tokenizer = agreed(load_tokenizer(folder))
    spec = _spec(config, train, backbone)
    model = load_encoder(folder, config, spec, match=_match_width(config))
    return _ready(config, Start(tokenizer, spec, model), backbone, _teacher(config), train, worker)


def _teacher(config: CtrConfig) -> SentenceEncoder | None:
    return SentenceEncoder() if config.word_vectors == "pretrained" else None


def _match_width(config: CtrConfig) -> int:
    return 0 if config.word_vectors == "none" else config.word_width


def _spec(config: CtrConfig, train: Impressions, backbone: Backbone) -> InputSpec:
    tasks = {task: number for number, task in enumerate(train.tasks(), start=1)}
    return InputSpec(
        config.variant,
        config.max_length,
        config.max_domains,
        tasks,
        cls_token=backbone.cls,
        sep_token=backbone.sep,
        source_tokens=config.source_tokens,
    )


def _ready(
    config: CtrConfig, start: Start, backbone: Backbone, teacher: SentenceEncoder | None, train: Impressions, worker: Worker
) -> Start:
    """Gives a network that is not trained yet its word vectors and the click rate to begin with."""
    texts = list(train.texts())
    if start.model.match is not None and teacher is not None:
        teach(start.model.match, backbone, start.tokenizer, teacher, texts, config.seed, worker.step)
    elif start.model.match is not None:
        start_from(start.model.match, backbone, start.tokenizer, None, texts)
    start.model.start_at(float(train.labels().mean()))
    return start


def from_parent(config: CtrConfig, folder: Path, train: Impressions) -> Start:
    """Keeps the parent's tokenizer, weights, sizes and task ids; tasks that it does not know get ids of their own."""
    try:
        parent = InputSpec.from_json(json.loads((folder / "input.json").read_text(encoding="utf-8")))
        tokenizer = load_tokenizer(folder)
        tasks = dict(parent.tasks)
        for task in train.tasks():
            tasks.setdefault(task, max(tasks.values(), default=0) + 1)
        model = load_weights(folder / WEIGHTS, max(tasks.values()) + 1)
    except Exception as error:  # the libraries that read these files raise whatever they like
        raise LearnerError(
            f"the parent model in {folder} cannot be used: {error}",
            f"it must be a model made by train-ctr, with input.json, tokenizer.json and {WEIGHTS}; or train from scratch",
        ) from error
    for name, theirs, ours in (
        ("variant", parent.variant, config.variant),
        ("backbone", model.architecture.backbone, config.backbone),
    ):
        if theirs != ours:
            raise LearnerError(
                f'the parent model has {name} "{theirs}", the config says "{ours}"',
                f"set {name} to the parent's, or train from scratch",
            )
    return Start(tokenizer, dataclasses.replace(parent, tasks=tasks), model)
