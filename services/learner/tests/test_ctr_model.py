import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from gqr_learner.ctr.input import CtrInput
from gqr_learner.ctr.instances import batches_by_length, pack, shuffled_batches
from gqr_learner.ctr.model import Architecture, CtrModel, Heads, Layer, load_weights, save_weights, summarise

SMALL = Architecture(
    layers=3, hidden=12, heads=3, intermediate=20, dropout=0.1, vocabulary=50, max_length=16, max_domains=5, tasks=3
)


def model(seed: int = 1, architecture: Architecture = SMALL) -> CtrModel:
    torch.manual_seed(seed)
    made = CtrModel(architecture).eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return made


def random_batch(lengths: list[int], seed: int = 2) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(seed)
    shape = (len(lengths), max(lengths))
    mask = (torch.arange(shape[1]) < torch.tensor(lengths)[:, None]).long()
    ids, segments, domains = (torch.randint(0, most, shape) * mask for most in (50, 2, 5))
    return ids, segments, domains, mask, torch.randint(0, 3, (shape[0],))


def copy_layer(ours: Layer, theirs: torch.nn.Module) -> None:
    (key, value), (key_bias, value_bias) = ours.key_value.weight.chunk(2), ours.key_value.bias.chunk(2)
    parts = {
        "attention.self.query": (ours.query.weight, ours.query.bias),
        "attention.self.key": (key, key_bias),
        "attention.self.value": (value, value_bias),
        "attention.output.dense": (ours.attended.weight, ours.attended.bias),
        "attention.output.LayerNorm": (ours.attended_norm.weight, ours.attended_norm.bias),
        "intermediate.dense": (ours.widen.weight, ours.widen.bias),
        "output.dense": (ours.narrow.weight, ours.narrow.bias),
        "output.LayerNorm": (ours.narrow_norm.weight, ours.narrow_norm.bias),
    }
    named = {name: dict(zip(("weight", "bias"), tensors, strict=True)) for name, tensors in parts.items()}
    theirs.load_state_dict({f"{name}.{kind}": tensor for name, pair in named.items() for kind, tensor in pair.items()})


def test_it_is_bert() -> None:
    """With the same weights, [CLS] is that of transformers' BERT to which domain and task are added through inputs_embeds."""
    ours = model()
    config = BertConfig(
        vocab_size=50, hidden_size=12, num_hidden_layers=3, num_attention_heads=3, intermediate_size=20, max_position_embeddings=16
    )
    theirs = BertModel(config, add_pooling_layer=False).eval()
    theirs.embeddings.position_embeddings.weight.data = ours.position.weight
    theirs.embeddings.token_type_embeddings.weight.data = ours.segment.weight
    theirs.embeddings.LayerNorm.load_state_dict(ours.norm.state_dict())
    for our_layer, their_layer in zip(ours.layers, theirs.encoder.layer, strict=True):
        assert isinstance(our_layer, Layer)
        copy_layer(our_layer, their_layer)
    ids, segments, domains, mask, tasks = random_batch([16, 7, 3, 1])
    embeddings = ours.token(ids) + ours.domain(domains) + ours.task(tasks)[:, None]
    with torch.inference_mode():
        cls = theirs(inputs_embeds=embeddings, token_type_ids=segments, attention_mask=mask).last_hidden_state[:, 0]
        assert torch.allclose(ours(ids, segments, domains, mask, tasks), ours.head(cls).flatten(), atol=1e-5)


@pytest.mark.parametrize("match", [0, 6])
def test_padding_changes_nothing(match: int) -> None:
    made = model(architecture=dataclasses.replace(SMALL, match=match))
    if made.match is not None:
        made.match.vectors, made.match.weights = torch.randn(50, 6), torch.rand(50)
    batch = random_batch([16, 5])
    with torch.inference_mode():
        together = made(*batch)[1]
        alone = made(*(tensor[1:, :5] if tensor.dim() == 2 else tensor[1:] for tensor in batch))[0]
    assert together.item() == pytest.approx(alone.item(), abs=1e-5)


@pytest.mark.parametrize("changed", range(5))
def test_every_input_counts(changed: int) -> None:
    made = model()
    batch = [*random_batch([6])]
    with torch.inference_mode():
        before = made(*batch).item()
        batch[changed] = batch[changed].clone()
        batch[changed].view(-1)[-1] = 1 - batch[changed].view(-1)[-1].clamp(max=1)
        assert made(*batch).item() != pytest.approx(before, abs=1e-6)


def test_heads_vote_each_for_itself_and_the_mean_is_the_prediction() -> None:
    made = model(architecture=dataclasses.replace(SMALL, ensemble=3))
    made.calibrate(torch.tensor([1.0, 2.0, 0.5]), torch.tensor([0.0, -1.0, 1.0]))
    batch = random_batch([9, 4])
    with torch.inference_mode():
        votes = made.votes(*batch)
        hidden = made.head[:2](made.encode(*batch)).view(2, 3, 12)
        last = made.head[-1]
        assert isinstance(last, Heads)
        tasks = batch[4]
        for head in range(3):
            logit = hidden[:, head] @ last.weight[head] + last.bias[head]
            assert torch.allclose(votes[:, head], logit * made.calibration_scale[tasks] + made.calibration_shift[tasks], atol=1e-5)
        assert torch.allclose(made(*batch), votes.mean(-1))
        probability, uncertainty = summarise(votes)
    expected = torch.sigmoid(votes).numpy().std(1)
    assert uncertainty.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    assert probability.tolist() == pytest.approx(torch.sigmoid(votes.mean(-1)).tolist())
    assert summarise(votes[:, :1])[1].tolist() == [0, 0]


def test_starts_at_a_click_rate() -> None:
    made = CtrModel(SMALL).eval()
    made.start_at(0.12)
    with torch.inference_mode():
        assert torch.sigmoid(made(*random_batch([9, 4]))).tolist() == pytest.approx([0.12, 0.12])


def test_weights_come_back_and_a_new_task_starts_as_an_unknown_one(tmp_path: Path) -> None:
    made = model()
    save_weights(made, tmp_path / "w")
    grown = load_weights(tmp_path / "w", 5).eval()
    ids, segments, domains, mask, tasks = random_batch([8, 8])
    with torch.inference_mode():
        assert torch.equal(made(ids, segments, domains, mask, tasks), grown(ids, segments, domains, mask, tasks))
        unknown = made(ids, segments, domains, mask, torch.zeros(2, dtype=torch.long))
        assert torch.allclose(unknown, grown(ids, segments, domains, mask, torch.tensor([3, 4])))
    assert load_weights(tmp_path / "w", 1).architecture.tasks == 3


def test_instances_are_padded_to_the_longest_of_a_batch() -> None:
    inputs = [CtrInput([1, 5, 2, 9], [0, 0, 0, 1], [0, 0, 0, 1], 2), CtrInput([1, 2], [0, 0], [0, 0], 0)]
    ids, segments, domains, mask, tasks = pack(inputs, [1, 0]).batch([1, 0])
    assert ids.tolist() == [[1, 2, 0, 0], [1, 5, 2, 9]]
    assert segments.tolist() == [[0, 0, 0, 0], [0, 0, 0, 1]]
    assert domains.tolist() == [[0, 0, 0, 0], [0, 0, 0, 1]]
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert tasks.tolist() == [0, 2]


def test_every_instance_is_in_one_batch_of_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 1000)
    for batches in (list(shuffled_batches(lengths, 16, np.random.default_rng(1))), batches_by_length(lengths, 16)):
        assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
        padded = sum(len(batch) * lengths[batch].max() for batch in batches)
        assert padded < 1.2 * lengths.sum()
