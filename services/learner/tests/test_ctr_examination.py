import dataclasses
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch.nn import functional

from gqr_learner.ctr.config import CtrConfig
from gqr_learner.ctr.examination import anywhere, estimate_examination, marks_of, position_curve, table_of
from gqr_learner.ctr.export import check_parity, export_onnx, open_session
from gqr_learner.ctr.fit import Fitted, fit
from gqr_learner.ctr.impressions import Impression, Impressions
from gqr_learner.ctr.input import InputBuilder, InputSpec
from gqr_learner.ctr.instances import pack
from gqr_learner.ctr.model import Architecture, CtrModel, as_shown, load_weights, predicted, save_weights
from gqr_learner.ctr.synthetic import THINGS, RankedWorld
from gqr_learner.worker import LearnerError, Worker

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
CURVE = (1.0, 0.55, 0.7, 0.3)
"""Not falling throughout: the third place is looked at more than the second."""


def log(
    name: str, count: int, first: float, days: float, seed: int, curve: tuple[float, ...] = CURVE, ranked: bool = True
) -> Impressions:
    return Impressions(name, RankedWorld(curve, 5).impressions(count, BEGIN + timedelta(days=first), days, seed, ranked=ranked))


@pytest.mark.parametrize("ranked", [False, True])
@pytest.mark.parametrize("curve", [CURVE, (1.0, 0.8, 0.6, 0.5, 0.4, 0.4), (1.0, 1.0, 1.0)])
def test_finds_the_curve_behind_a_log_whatever_the_order_of_its_lists(curve: tuple[float, ...], ranked: bool) -> None:
    found = estimate_examination(log("train", 6000, 0, 14, 6, curve, ranked), 15)["suggestion"]
    assert found.reason is None
    assert found.curve[: len(curve)] == pytest.approx(curve, abs=0.08)
    assert found.pairs == 600
    assert found.to_json()["clicks"] == found.clicks[: len(curve)].tolist()


@pytest.mark.parametrize("views", [2, 4])
def test_few_views_a_pair_do_not_mislead_it(views: int) -> None:
    # Where expectation maximisation over Bernoulli variables gives .68, .46, .32 for four views, and worse for two.
    rng = np.random.default_rng(1)
    curve = np.array([1, 0.7, 0.5, 0.35])
    attractiveness = rng.beta(2, 8, 60_000)
    shown, clicked = np.zeros((2, 60_000, 4), dtype=np.int64)
    pairs = np.arange(60_000)
    for place in rng.integers(0, 4, (views, 60_000)):
        shown[pairs, place] += 1
        clicked[pairs, place] += rng.random(60_000) < attractiveness * curve[place]
    telling = ((shown > 0).sum(1) > 1) & (clicked.sum(1) > 0)
    assert position_curve(shown[telling], clicked[telling]) == pytest.approx(curve, abs=0.03)


def test_what_few_clicks_cannot_tell_is_not_corrected() -> None:
    shown = np.full((2, 2), 10)
    assert position_curve(shown, np.array([[1, 0], [1, 0]]))[1] > 0.6
    assert position_curve(shown * 100, np.array([[100, 0], [100, 0]]))[1] < 0.05


def lists(task: str, queries: list[list[str]], clicks: list[list[int]], times: int) -> list[Impression]:
    return [
        Impression(task, BEGIN, f"prompt {number}", shown, clicked, "live")
        for number in range(times)
        for shown, clicked in zip(queries, clicks, strict=True)
    ]


def test_a_task_with_too_few_pairs_is_not_corrected_and_says_why() -> None:
    both = [["a", "b"], ["B ", "a"]]
    rows = [
        *lists("moved", both, [[1, 0], [1, 1]], 60),
        *lists("few", both, [[1, 0], [0, 0]], 60),
        *lists("fixed", [["a", "b"]], [[1, 0]], 200),
        *lists("single", [["a"]], [[1]], 200),
    ]
    found = estimate_examination(Impressions("train", rows), 5)
    assert {task: (each.pairs, each.clicked_pairs) for task, each in found.items()} == {
        "moved": (120, 120),
        "few": (120, 60),
        "fixed": (0, 0),
        "single": (0, 0),
    }
    assert found["moved"].reason is None
    assert "60 clicked pairs" in str(found["few"].reason)
    assert "0 clicked pairs" in str(found["fixed"].reason)
    assert found["single"].to_json() == {
        "corrected": False,
        "reason": "its lists have one place",
        "curve": [1.0],
        "clicks": [0],
        "pairs": 0,
        "clickedPairs": 0,
    }
    assert all((found[task].curve == 1).all() for task in ("few", "fixed", "single"))


def test_a_place_that_no_pair_compares_with_the_first_is_taken_for_the_one_before() -> None:
    rows = lists("t", [["a", "b", "x", "y", "z"], ["b", "a", "y", "x", "z"]], [[1, 0, 1, 0, 0], [1, 0, 1, 1, 1]], 150)
    curve = estimate_examination(Impressions("train", rows), 6)["t"].curve
    assert curve[1] < 0.5
    assert curve[2:].tolist() == [curve[1]] * 4


def test_the_table_has_no_value_above_one_and_a_row_for_tasks_that_the_log_lacks() -> None:
    rows = [*lists("rising", [["a", "b"], ["b", "a"]], [[0, 1], [1, 1]], 150), *lists("few", [["a", "b"]], [[1, 0]], 100)]
    curves = estimate_examination(Impressions("train", rows), 3)
    ids = {"few": 1, "rising": 2, "old": 3}
    table = table_of(curves, ids, 4)
    assert curves["rising"].curve[1] > 1.5
    assert table.max() == 1
    assert table[2] == pytest.approx(curves["rising"].curve / curves["rising"].curve.max())
    assert table[0] == pytest.approx(0.25 * table[1] + 0.75 * table[2])
    assert table[0].tolist() == table[3].tolist()
    assert table_of(curves, ids, 4, np.full((4, 3), 0.3))[3].tolist() == [0.3] * 3


def test_without_the_place_a_task_has_the_level_that_its_clicks_have() -> None:
    table = anywhere(np.ones((3, 2)), np.array([1, 1, 2], np.int32), np.array([1.0, 0.5, 0.4]), np.array([0.3, 0.1, 0.2]))
    assert table == pytest.approx(np.array([[0.43 / 0.6] * 2, [0.35 / 0.4] * 2, [0.4] * 2]))


def test_the_loss_is_that_of_examination_times_attractiveness_and_finite_at_any_logit() -> None:
    logits = torch.tensor([-3.0, 0.0, 2.0, -200.0, 200.0, 200.0, 1.5], requires_grad=True)
    seen = torch.tensor([0.4, 0.9, 0.1, 0.5, 0.5, 1.0, 1.0])
    labels = torch.tensor([1.0, 0, 1, 0, 1, 1, 0])
    losses = functional.binary_cross_entropy_with_logits(as_shown(logits, seen), labels, reduction="none")
    expected = functional.binary_cross_entropy(seen * torch.sigmoid(logits), labels, reduction="none")
    assert losses.tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert (as_shown(logits, torch.ones(7)) == logits).all()


SIZES = Architecture(layers=1, hidden=8, heads=2, intermediate=16, dropout=0, vocabulary=60, max_length=20, max_domains=5, tasks=3)
TABLE = torch.tensor([[1, 0.9, 0.8, 0.7], [1, 0.6, 0.7, 0.2], [0.5, 1, 0.4, 0.3]])


def builder(variant: str) -> InputBuilder:
    return InputBuilder(InputSpec(variant, 20, 5, {"a": 1, "b": 2}), 1, 2, lambda text: [3 + ord(sign) % 50 for sign in text])


@pytest.mark.parametrize("variant", ["ctx", "src"])
def test_a_target_is_seen_at_its_place_which_its_domain_tells(variant: str) -> None:
    spec = builder(variant).spec
    model = CtrModel(dataclasses.replace(SIZES, max_domains=spec.domains, sources=spec.sources))
    assert model.seen(*pack([builder(variant).build("a", "q", [], "x")], [0]).batch([0])) is None
    model.examine(TABLE)
    asked = [("a", [], "x"), ("a", ["x"], "y"), ("b", ["x", "y"], "z"), ("b", ["x"] * 9, "z"), ("new", ["x"] * 3, "y")]
    asked += [("a", [], ""), ("a", ["x", "y"], ""), ("a", ["x"] * 9, "")]
    inputs = [builder(variant).build(task, "query", chosen, target) for task, chosen, target in asked]
    seen = model.seen(*pack(inputs, [0] * len(inputs)).batch(range(len(inputs))))
    assert seen is not None
    assert seen.tolist() == pytest.approx([1, 0.6, 0.4, 0.3, 0.7, 1, 0.7, 0.2])


def test_a_target_is_seen_at_its_place_which_its_mark_tells() -> None:
    asker = builder("pid")
    marks = marks_of(asker, 4)
    assert marks.shape == (4, 2)
    model = CtrModel(SIZES)
    model.examine(TABLE, marks)
    inputs = [asker.build("a", "query", ["x"] * before, target) for before in (0, 1, 3, 6, 20) for target in ("word", "")]
    seen = model.seen(*pack(inputs, [0] * len(inputs)).batch(range(len(inputs))))
    assert seen is not None
    assert seen.tolist() == pytest.approx([1, 1, 0.6, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2])


def test_a_tokenizer_that_does_not_tell_positions_apart_is_an_error() -> None:
    unknowing = InputBuilder(InputSpec("pid", 20, 5, {"a": 1}), 1, 2, lambda text: [3 for _ in text])
    with pytest.raises(LearnerError, match="does not tell the positions"):
        marks_of(unknowing, 4)


@torch.no_grad()
@pytest.mark.parametrize("variant", ["ctx", "pid"])
def test_examination_is_part_of_the_exported_network_and_of_its_file(variant: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = CtrModel(dataclasses.replace(SIZES, ensemble=3)).eval()
    torch.nn.init.normal_(model.head[-1].weight, std=0.5)  # type: ignore[arg-type]
    asker = builder(variant)
    data = pack([asker.build("a", "query", ["x", "y"][:k], text) for k in (0, 1, 2) for text in ("one", "bcd", "ef")], [0] * 9)
    batch = data.batch(range(9))
    without = torch.stack(predicted(model, batch))
    model.examine(TABLE, marks_of(asker, 4) if variant == "pid" else None)
    seen = torch.tensor([1, 0.6, 0.7]).repeat_interleave(3)
    assert torch.stack(predicted(model, batch)) == pytest.approx(without * seen)
    export_onnx(model, batch, tmp_path / "model.onnx")
    assert check_parity(model, open_session(tmp_path / "model.onnx"), [data], 3).largest_difference < 1e-5
    save_weights(model, tmp_path / "weights")
    again = load_weights(tmp_path / "weights", 4).eval()
    assert torch.equal(torch.stack(predicted(again, batch)), torch.stack(predicted(model, batch)))
    assert again.examination is not None
    assert again.examination[3].tolist() == TABLE[0].tolist()


SMALL = CtrConfig(
    layers=1,
    hidden=16,
    intermediate=32,
    word_vectors="none",
    vocabulary=1000,
    max_length=24,
    ensemble=1,
    epochs=3,
    batch_size=128,
    learning_rate=0.01,
    threads=1,
    device="cpu",
)


def fitted(folder: Path, position_bias: str, variant: str = "ctx") -> Fitted:
    folder.mkdir()
    config = dataclasses.replace(SMALL, position_bias=position_bias, variant=variant)
    return fit(config, log("train", 1500, 0, 14, 6), log("validation", 400, 14, 1, 7), folder, Worker(io.StringIO()))


def truth_correlation(model: Fitted, world: RankedWorld) -> float:
    """Mean over users' queries of the rank correlation with true attractiveness among all candidates for the first place."""
    found = []
    for thing in range(len(THINGS)):
        query, candidates = world.candidates(thing)
        inputs = [model.builder.build("suggestion", query, [], text) for text in candidates]
        told = model.score(pack(inputs, [0] * len(inputs)))
        found.append(spearmanr(told, world.attractiveness[thing]).statistic)
    return float(np.mean(found))


def test_what_an_old_ranker_always_put_on_top_is_judged_by_what_it_is(tmp_path: Path) -> None:
    corrected, uncorrected = (fitted(tmp_path / name, name) for name in ("examination", "none"))
    world = RankedWorld(CURVE, 5)
    assert uncorrected.examination is None
    assert corrected.examination is not None
    assert truth_correlation(corrected, world) > truth_correlation(uncorrected, world) + 0.05
    # Clicks where they were shown are predicted no worse for it.
    test = log("test", 800, 15, 3, 8)
    losses = [-np.log(np.where(test.labels() == 1, p, 1 - p)).mean() for p in (m.predict(test) for m in (corrected, uncorrected))]
    assert losses[0] < losses[1] + 0.003
    looked_at = corrected.seen(corrected.instances(test, Worker(io.StringIO())), test)
    assert np.asarray(looked_at)[:4] == pytest.approx(corrected.examination["suggestion"].curve[:4])
