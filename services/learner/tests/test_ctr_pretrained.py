import dataclasses
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AlbertConfig, AlbertModel, BertConfig, BertModel, RobertaConfig, RobertaModel

from gqr_learner.ctr.backbones import BACKBONES
from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.fit import fit
from gqr_learner.ctr.impressions import read_impressions
from gqr_learner.ctr.input import InputSpec
from gqr_learner.ctr.pretrained import find_pretrained, load_encoder
from gqr_learner.ctr.synthetic import write_spans
from gqr_learner.ctr.training import parameter_groups
from gqr_learner.ctr.vocabulary import agreed, encoder, load_tokenizer
from gqr_learner.worker import LearnerError, Worker

SPEC = InputSpec("ctx", 20, 16, {"suggestion": 1, "hint": 2})
TEXTS = ["how to repot a monstera", "when to repot a monstera", "best soil for monstera", "night train tickets"] * 4
SIZES: dict[str, Any] = {"hidden_size": 12, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 20}
MODELS: dict[str, Any] = {
    "bert": lambda vocabulary: BertModel(BertConfig(vocab_size=vocabulary, max_position_embeddings=24, **SIZES)),
    "roberta": lambda vocabulary: RobertaModel(
        RobertaConfig(vocab_size=vocabulary, max_position_embeddings=26, type_vocab_size=1, layer_norm_eps=1e-5, **SIZES)
    ),
    "albert": lambda vocabulary: AlbertModel(
        AlbertConfig(vocab_size=vocabulary, max_position_embeddings=24, embedding_size=6, **SIZES)
    ),
}


def write_pretrained(backbone: str, folder: Path) -> Any:
    """A model of transformers with random weights and a tokenizer, as save_pretrained leaves it."""
    torch.manual_seed(3)
    tokenizer = BACKBONES[backbone].train_tokenizer(TEXTS, 400, lambda: None)
    theirs = MODELS[backbone](tokenizer.get_vocab_size()).eval()
    for weight in theirs.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    theirs.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return theirs


def config(backbone: str, folder: Path, **changes: Any) -> CtrConfig:
    base = CtrConfig(backbone=backbone, init="pretrained", pretrained=str(folder), max_length=20, word_vectors="none", threads=1)
    return dataclasses.replace(base, **changes)


@pytest.mark.parametrize("backbone", list(MODELS))
def test_hidden_states_are_those_of_transformers(backbone: str, tmp_path: Path) -> None:
    theirs = write_pretrained(backbone, tmp_path)
    ours = load_encoder(find_pretrained(str(tmp_path)), config(backbone, tmp_path), SPEC, match=0).eval()
    generator = torch.Generator().manual_seed(4)
    lengths = torch.tensor([20, 9, 3])
    mask = (torch.arange(20) < lengths[:, None]).long()
    # RoBERTa tells positions by its padding id, 1.
    ids = torch.where(mask == 1, torch.randint(4, theirs.config.vocab_size, mask.shape, generator=generator), 1)
    segments = torch.randint(0, 2, mask.shape, generator=generator)
    domains, tasks = torch.randint(0, 5, mask.shape, generator=generator), torch.tensor([0, 1, 2])
    their_segments = segments if theirs.config.type_vocab_size == 2 else torch.zeros_like(segments)
    with torch.inference_mode():
        expected = theirs(input_ids=ids, attention_mask=mask, token_type_ids=their_segments).last_hidden_state[:, 0]
        assert torch.allclose(ours.encode(ids, segments, domains, mask, tasks), expected, atol=1e-5)


@pytest.mark.parametrize("backbone", list(MODELS))
def test_a_pretrained_model_can_be_trained(backbone: str, tmp_path: Path) -> None:
    write_pretrained(backbone, tmp_path)
    files = write_spans(tmp_path, 80, 60, seed=5)
    train, validation = (read_impressions(Path(files[name]), name) for name in ("train", "validation"))
    (tmp_path / "checkpoint").mkdir()
    chosen = config(backbone, tmp_path, epochs=1, variant="ctx", word_vectors="random", word_width=8)
    fitted = fit(chosen, train, validation, tmp_path / "checkpoint", Worker(io.StringIO()))
    assert fitted.predict(validation).shape == validation.labels().shape
    assert fitted.model.architecture.backbone == backbone


def test_the_first_layers_can_be_kept_alone(tmp_path: Path) -> None:
    theirs = write_pretrained("bert", tmp_path)
    ours = load_encoder(tmp_path, config("bert", tmp_path, keep_layers=2), SPEC, match=0).eval()
    ids = torch.tensor([[2, 5, 6, 3, 7]])
    same = (torch.zeros_like(ids), torch.zeros_like(ids), torch.ones_like(ids), torch.tensor([0]))
    with torch.inference_mode():
        expected = theirs(input_ids=ids, output_hidden_states=True).hidden_states[2][:, 0]
        assert torch.allclose(ours.encode(ids, *same), expected, atol=1e-5)
    with pytest.raises(LearnerError, match="has 3 layers, keepLayers asks for 4"):
        load_encoder(tmp_path, config("bert", tmp_path, keep_layers=4), SPEC, match=0)


def test_a_tokenizer_that_fills_up_and_cuts_does_neither_here(tmp_path: Path) -> None:
    """As all-MiniLM-L6-v2 comes, whose tokenizer makes 128 tokens of every text."""
    write_pretrained("bert", tmp_path)
    file = str(tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(file)
    plain = encoder(tokenizer)("repot a monstera")
    tokenizer.enable_padding(length=16)
    tokenizer.enable_truncation(max_length=2)
    tokenizer.save(file)
    assert encoder(agreed(load_tokenizer(tmp_path)))("repot a monstera") == plain


def test_weights_with_another_checksum_are_refused(tmp_path: Path) -> None:
    write_pretrained("bert", tmp_path)
    right = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert find_pretrained(str(tmp_path), right) == tmp_path
    with pytest.raises(LearnerError, match=f"have sha256 {right}, not the {'0' * 64}"):
        find_pretrained(str(tmp_path), "0" * 64)


def test_what_is_new_learns_faster_than_what_is_pretrained(tmp_path: Path) -> None:
    write_pretrained("bert", tmp_path)
    chosen = config("bert", tmp_path, new_parts_rate=7.0)
    model = load_encoder(tmp_path, chosen, SPEC, match=4)
    known, new = parameter_groups(chosen, model)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[id(parameter)].split(".")[0] for parameter in new["params"]} == {"domain", "task", "match", "head"}
    assert len(known["params"]) + len(new["params"]) == len(names)
    assert (known["times"], new["times"]) == (1.0, 7.0)
    assert [group["times"] for group in parameter_groups(CtrConfig(), model)] == [1.0]


def test_what_cannot_be_loaded_is_an_error_that_says_why(tmp_path: Path) -> None:
    write_pretrained("bert", tmp_path)
    with pytest.raises(LearnerError, match="is of type bert, the config says roberta"):
        load_encoder(tmp_path, config("roberta", tmp_path), SPEC, 0)
    with pytest.raises(LearnerError, match="maxLength 64"):
        load_encoder(tmp_path, config("bert", tmp_path, max_length=64), SPEC, 0)
    with pytest.raises(LearnerError, match="cannot be had"):
        find_pretrained("nobody/has-this-model")
    written = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**written, "hidden_size": 18}))
    with pytest.raises(LearnerError, match="are not those of a bert encoder"):
        load_encoder(tmp_path, config("bert", tmp_path), SPEC, 0)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(LearnerError, match=r"has no tokenizer\.json"):
        find_pretrained(str(tmp_path))
