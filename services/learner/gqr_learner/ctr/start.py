"""What a training starts from: a new network, or a parent model."""

import dataclasses
import json
from pathlib import Path

from tokenizers import Tokenizer

from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.impressions import Impressions
from gqr_learner.ctr.input import InputSpec
from gqr_learner.ctr.model import WEIGHTS, Architecture, CtrModel, load_weights
from gqr_learner.ctr.vocabulary import load_tokenizer, train_tokenizer
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
    teacher = SentenceEncoder() if config.word_vectors == "pretrained" else None
    # Twice: what occurs once makes no token. Words of the log come more often, so they are learnt first.
    common = teacher.common_words(COMMON_WORDS) * 2 if teacher is not None else []
    total = len(texts) + len(common)
    count = iter(range(total))
    tokenizer = train_tokenizer(
        [*texts, *common], config.vocabulary, lambda: worker.step("vocabulary", next(count), total, "texts")
    )
    tasks = {task: number for number, task in enumerate(train.tasks(), start=1)}
    spec = InputSpec(config.variant, config.max_length, config.max_domains, tasks)
    architecture = Architecture(
        layers=config.layers,
        hidden=config.hidden,
        heads=config.heads,
        intermediate=config.intermediate,
        dropout=config.dropout,
        vocabulary=tokenizer.get_vocab_size(),
        max_length=config.max_length,
        max_domains=config.max_domains,
        tasks=len(tasks) + 1,
        match=0 if config.word_vectors == "none" else config.word_width,
    )
    model = CtrModel(architecture)
    if model.match is not None and teacher is not None:
        teach(model.match, tokenizer, teacher, texts, config.seed, worker.step)
    elif model.match is not None:
        start_from(model.match, tokenizer, None, texts)
    model.start_at(float(train.labels().mean()))
    return Start(tokenizer, spec, model)


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
    if parent.variant != config.variant:
        raise LearnerError(
            f'the parent model reads input "{parent.variant}", the config says "{config.variant}"',
            "set variant to the parent's, or train from scratch",
        )
    return Start(tokenizer, dataclasses.replace(parent, tasks=tasks), model)
