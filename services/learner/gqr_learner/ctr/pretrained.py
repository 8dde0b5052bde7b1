"""Pretrained encoders of transformers (BertModel, RobertaModel, AlbertModel) as the network of model.py."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from torch import Tensor

from gqr_learner.ctr.backbones import BACKBONES
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.input import InputSpec
from gqr_learner.ctr.model import Architecture, CtrModel
from gqr_learner.worker import LearnerError

WEIGHTS = "model.safetensors"
FILES = ("config.json", WEIGHTS, "tokenizer.json")

EMBEDDINGS = {
    "token.weight": "embeddings.word_embeddings.weight",
    "position.weight": "embeddings.position_embeddings.weight",
    "segment.weight": "embeddings.token_type_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}
BERT_LAYER = {
    "query": ["attention.self.query"],
    "key_value": ["attention.self.key", "attention.self.value"],
    "attended": ["attention.output.dense"],
    "attended_norm": ["attention.output.LayerNorm"],
    "widen": ["intermediate.dense"],
    "narrow": ["output.dense"],
    "narrow_norm": ["output.LayerNorm"],
}
ALBERT_LAYER = {
    "query": ["attention.query"],
    "key_value": ["attention.key", "attention.value"],
    "attended": ["attention.dense"],
    "attended_norm": ["attention.LayerNorm"],
    "widen": ["ffn"],
    "narrow": ["ffn_output"],
    "narrow_norm": ["full_layer_layer_norm"],
}
"""Our names of a layer's parts, with theirs; what has two of theirs holds them one below the other."""


def find_pretrained(name: str, sha256: str = "") -> Path:
    """The folder of a pretrained model: a local one, or that of a Hugging Face name, from the cache or, where allowed, the hub.

    Raises:
        LearnerError: if there is none, if a file is missing, or if `sha256` is given and its weights have another one.
    """
    if not name:
        raise LearnerError('init is "pretrained", but no model is named', "set pretrained to a Hugging Face name or to a folder")
    folder = Path(name)
    try:
        if not folder.is_dir():
            folder = Path(snapshot_download(name, allow_patterns=list(FILES)))
        missing = [file for file in FILES if not (folder / file).is_file()]
    except Exception as error:  # the hub's client raises whatever its transport does
        raise LearnerError(
            f"the pretrained model {name} cannot be had: {error}",
            "name a folder with config.json, model.safetensors and tokenizer.json; for the hub start with HF_HUB_OFFLINE=0",
        ) from error
    if missing:
        raise LearnerError(f"the pretrained model in {folder} has no {', '.join(missing)}", "name a folder that has all three")
    if sha256:
        with (folder / WEIGHTS).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise LearnerError(
                f"the weights in {folder} have sha256 {found}, not the {sha256} that was asked for",
                "fetch them again from their source, or, if they were changed on purpose, give their checksum",
            )
    return folder


NEW_PARTS = ("domain", "task", "match", "head")
"""What the network has and a pretrained encoder has not."""


def load_encoder(folder: Path, config: CtrConfig, spec: InputSpec, match: int) -> CtrModel:
    """A network whose [CLS] is that of the pretrained encoder as long as domains and tasks add nothing, as they do at first.

    Raises:
        LearnerError: if the model is of another backbone, too short for config.max_length or config.keep_layers, or of an unknown
            shape.
    """
    theirs = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if theirs.get("model_type") != config.backbone:
        raise LearnerError(
            f"the pretrained model is of type {theirs.get('model_type')}, the config says {config.backbone}",
            "set backbone to its type",
        )
    if config.keep_layers > theirs.get("num_hidden_layers", 0):
        raise LearnerError(
            f"the pretrained model has {theirs.get('num_hidden_layers', 0)} layers, keepLayers asks for {config.keep_layers}",
            "lower keepLayers, or leave it out to keep all",
        )
    try:
        model = CtrModel(_architecture(theirs, config, spec, match))
        tensors = _renamed({_plain(name): tensor for name, tensor in load_file(folder / WEIGHTS).items()}, model)
        loaded = model.load_state_dict(tensors, strict=False)
        assert not loaded.unexpected_keys, loaded.unexpected_keys
    except (KeyError, RuntimeError, AssertionError) as error:
        raise LearnerError(
            f"the weights in {folder} are not those of a {config.backbone} encoder with maxLength {config.max_length}: {error}",
            "lower maxLength to what the model was trained for, or name another model",
        ) from error
    torch.nn.init.zeros_(model.domain.weight)
    torch.nn.init.zeros_(model.task.weight)
    return model


def _architecture(theirs: Mapping[str, Any], config: CtrConfig, spec: InputSpec, match: int) -> Architecture:
    layout = {
        **BACKBONES[config.backbone].layout(theirs.get("embedding_size", 0)),
        "norm_epsilon": theirs["layer_norm_eps"],
        "activation": theirs["hidden_act"],
    }
    return Architecture(
        layers=config.keep_layers or theirs["num_hidden_layers"],
        hidden=theirs["hidden_size"],
        heads=theirs["num_attention_heads"],
        intermediate=theirs["intermediate_size"],
        dropout=config.dropout,
        vocabulary=theirs["vocab_size"],
        max_length=config.max_length,
        max_domains=spec.domains,
        sources=spec.sources,
        sources_matched=spec.sources > 0,
        ensemble=config.ensemble,
        tasks=len(spec.tasks) + 1,
        match=match,
        **layout,
    )


def _plain(name: str) -> str:
    """A tensor's name without the prefix that it has in models with a head, and without TensorFlow's names of a norm's parts."""
    name = re.sub(r"^(bert|roberta|albert)\.", "", name)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def _renamed(theirs: Mapping[str, Tensor], model: CtrModel) -> dict[str, Tensor]:
    """Their tensors under our names, cut to our number of positions; one kind of segment serves for both."""
    ours = {name: theirs[source] for name, source in EMBEDDINGS.items()}
    ours["position.weight"] = ours["position.weight"][: model.position.num_embeddings]
    ours["segment.weight"] = ours["segment.weight"][:2].expand(2, -1)
    architecture = model.architecture
    parts, place = (
        (ALBERT_LAYER, "encoder.albert_layer_groups.{}.albert_layers.0")
        if architecture.shared
        else (BERT_LAYER, "encoder.layer.{}")
    )
    for number in range(len(model.layers)):
        for part, sources in parts.items():
            for kind in ("weight", "bias"):
                found = [theirs[f"{place.format(number)}.{source}.{kind}"] for source in sources]
                ours[f"layers.{number}.{part}.{kind}"] = torch.cat(found)
    if architecture.embedding:
        for kind in ("weight", "bias"):
            ours[f"project.{kind}"] = theirs[f"encoder.embedding_hidden_mapping_in.{kind}"]
    return ours
