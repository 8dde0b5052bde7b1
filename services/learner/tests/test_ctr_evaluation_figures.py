from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from gqr_learner.ctr.evaluation.columns import Columns
from gqr_learner.ctr.evaluation.comparison import compare
from gqr_learner.ctr.evaluation.figures import by_task, few_figures, figures, reliability, slices
from gqr_learner.ctr.evaluation.intervals import bootstrap_interval, delong_interval, proportion_interval
from gqr_learner.ctr.evaluation.length_bias import length_bias
from gqr_learner.ctr.evaluation.truth import against_truth, align, over_situations
from gqr_learner.ctr.impressions import Impression, Impressions
from gqr_learner.ctr.input import Sources
from gqr_learner.ctr.metrics import auc, clustered_error
from gqr_learner.worker import LearnerError

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def columns(*lists: tuple[str, list[str], list[int]], days: int = 1, repeated: bool = False) -> Columns:
    """Lists of task "a" for the query that each names."""
    rows = [
        Impression("a", BEGIN + timedelta(days=at % days), query, texts, clicks, "live")
        for at, (query, texts, clicks) in enumerate(lists)
    ]
    return Columns.of(Impressions("test", rows), repeated)


def random_lists(count: int, seed: int) -> list[tuple[str, list[str], list[int]]]:
    rng = np.random.default_rng(seed)
    return [(f"q{at % 7}", ["one", "two words", "now three words"], rng.integers(0, 2, 3).tolist()) for at in range(count)]


def test_delong_by_hand() -> None:
    # Clicked 0.8 and 0.4, passed over 0.5 and 0.2. Each clicked beats 1 and 1/2 of the others, each passed is beaten by 1/2 and 1:
    # variances of both are 1/8, so that the AUC of 3/4 has variance (1/8 + 1/8) / 2 = 1/8.
    labels, predictions = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.8, 0.5, 0.4, 0.2])
    assert delong_interval(labels, predictions) == pytest.approx((0.75 - 1.959964 * np.sqrt(1 / 8), 1.0), abs=1e-6)
    assert delong_interval(labels[:3], predictions[:3]) is None


def test_delong_and_bootstrap_agree_where_instances_are_independent() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 600).astype(np.int8)
    predictions = np.round(rng.normal(labels * 0.7, 1), 1)
    told, drawn = delong_interval(labels, predictions), bootstrap_interval(labels, predictions, np.arange(600), seed=1)
    assert told is not None
    assert drawn is not None
    assert drawn == pytest.approx(told, abs=0.012)
    value = auc(labels, predictions)
    assert value is not None
    assert told[0] < value < told[1]


def test_delong_covers_the_true_auc_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        labels = np.repeat([0, 1], [60, 40]).astype(np.int8)
        interval = delong_interval(labels, rng.normal(labels * 1.0, 1))
        # The normal distribution at 1 / sqrt(2).
        covered += interval is not None and interval[0] <= 0.76025 <= interval[1]
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_bootstrap_takes_what_is_repeated_for_one() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 60).astype(np.int8)
    predictions = rng.normal(labels * 0.7, 1)
    once = bootstrap_interval(labels, predictions, np.arange(60), seed=1)
    tenfold = bootstrap_interval(np.repeat(labels, 10), np.repeat(predictions, 10), np.repeat(np.arange(60), 10), seed=1)
    assert tenfold == once


def test_wilson_and_clustered_error_by_hand() -> None:
    assert proportion_interval(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert proportion_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    # Two groups whose sums of deviations are 2 and -2.
    assert clustered_error(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1])) == pytest.approx(np.sqrt(8) / 4)


def test_a_figure_that_does_not_exist_is_null_with_the_reason() -> None:
    shown = columns(("q", ["x", "y"], [0, 0]))
    found = figures(shown, np.array([0.1, 0.2]), seed=1)
    assert (found["auc"], found["aucInterval"], found["aucIntervalOfClusters"], found["diffCtr"]) == (None,) * 4
    assert found["missing"] == {
        "auc": "nothing was clicked",
        "aucInterval": "nothing was clicked",
        "aucIntervalOfClusters": "nothing was clicked",
        "diffCtr": "nothing was clicked",
        "aucWithinList": "no list has a clicked and an unclicked query",
        "aucWithinPrompt": "no prompt has a clicked and an unclicked query",
    }
    empty = few_figures(shown.where(np.zeros(2, dtype=bool)), np.array([]))
    assert (empty["clickRate"], empty["missing"]["logloss"]) == (None, "nothing was shown")
    assert figures(columns(("q", ["x"], [1])), np.array([0.5]), 1)["missing"]["auc"] == "everything was clicked"
    one_day = figures(columns(("q", ["x", "y"], [1, 0])), np.array([0.2, 0.1]), 1)
    assert one_day["missing"]["diffCtr"] == "Eq. 9 is 0 by construction for a single day"
    assert one_day["missing"]["aucInterval"] == "fewer than two clicked or two passed over"


def test_a_day_without_a_click_counts_and_is_named() -> None:
    shown = columns(("q", ["x", "y"], [1, 0]), ("q", ["x", "y"], [0, 0]), days=2)
    found = figures(shown, np.array([0.5, 0.3, 0.2, 0.2]), seed=1)
    # Predicted by day 0.4 and 0.2 (mean 0.3), real 0.5 and 0 (mean 0.25): |0.4 * 5/6 - 0.5| and |0.2 * 5/6|, both 1/6.
    assert found["diffCtr"] == pytest.approx(1 / 6)
    assert (found["days"], found["daysWithoutClick"]) == (2, ["2026-11-02"])


def test_views_of_the_same_list_are_not_independent() -> None:
    shown = columns(*random_lists(40, 1), repeated=True)
    found = figures(shown, np.random.default_rng(1).random(120), seed=1)
    assert found["clusters"] == "prompts"
    assert found["aucInterval"] is None
    assert found["missing"]["aucInterval"].startswith("instances are views of the same list")
    assert found["aucIntervalOfClusters"] is not None


def test_slices_and_reliability_have_every_instance_once() -> None:
    shown = columns(*random_lists(40, 2), days=3)
    predictions = np.random.default_rng(2).random(120)
    parts = slices(shown, predictions)
    assert {kind: [part["slice"] for part in each] for kind, each in parts.items()} == {
        "position": ["1", "2", "3"],
        "words": ["1", "2", "3"],
        "day": ["2026-11-01", "2026-11-02", "2026-11-03"],
    }
    for each in (*parts.values(), reliability(shown, predictions)):
        assert sum(part["instances"] for part in each) == 120
    second = parts["position"][1]
    assert second["clickRate"] == shown.labels[1::3].mean()
    assert second["meanPrediction"] == pytest.approx(predictions[1::3].mean())
    assert list(by_task(shown, predictions, 1)) == ["a"]


def test_length_bias_is_the_slope_of_prediction_less_click() -> None:
    # At each of two positions half of the queries have one word and half three; long ones are predicted 0.1 a word too high.
    rng = np.random.default_rng(6)
    lists = []
    for _ in range(400):
        texts = ["one" if rng.random() < 0.5 else "now three words" for _ in range(2)]
        lists.append(("q", texts, [int(rng.random() < 0.4) for _ in texts]))
    shown = columns(*lists)
    fair = length_bias(shown, np.full(800, 0.4))
    biased = length_bias(shown, np.array(0.2 + 0.1 * shown.words, dtype=np.float64))
    assert fair["verdict"] == "no bias found"
    assert biased["excessPerWord"] - fair["excessPerWord"] == pytest.approx(0.1)
    assert biased["verdict"] == "likes long queries too much"
    assert length_bias(shown, np.array(0.6 - 0.1 * shown.words, dtype=np.float64))["verdict"] == "likes long queries too little"
    assert biased["scoreWithWords"] == pytest.approx(1.0)
    assert biased["clickWithWords"] == pytest.approx(spearmanr(shown.labels, shown.words).statistic)


def test_length_bias_of_equally_long_queries_does_not_exist() -> None:
    found = length_bias(columns(("q", ["one", "two words"], [1, 0]), ("q", ["uno", "dos palabras"], [0, 0])), np.full(4, 0.2))
    assert (found["excessPerWord"], found["verdict"], found["scoreWithWords"]) == (None, None, None)
    assert "same number of words" in found["missing"]["excessPerWord"]


def test_truth_within_a_prompt_compares_what_stood_at_one_position() -> None:
    lists = [("q", ["x", "y"], [0, 0]), ("q", ["z", "w"], [0, 1]), ("other", ["v", "u"], [0, 0])]
    truth = np.array([0.1, 0.05, 0.2, 0.01, 0.3, np.nan])
    # At position 1 of q the order is right, at position 2 wrong; "other" was shown once. x and y are wrong, z and w right.
    found = against_truth(columns(*lists), np.array([0.2, 0.3, 0.9, 0.4, 0.5, 0.5]), truth)
    assert (found["withinPrompt"], found["promptsCompared"]) == (0, 2)
    # Only what stood first was shown in one situation: y has x above it, w has z.
    assert (found["withinContext"], found["contextsCompared"]) == (pytest.approx(1), 1)
    assert (found["withinList"], found["listsCompared"]) == (0, 2)
    assert (found["instances"], found["unknown"], found["goal"]) == (5, 1, 0.8)
    assert found["overall"] == pytest.approx(spearmanr([0.2, 0.3, 0.9, 0.4, 0.5], truth[:5]).statistic)


def test_what_was_shown_after_another_session_was_not_shown_in_the_same_situation() -> None:
    def shown(text: str, *history: str) -> Impression:
        return Impression("a", BEGIN, "q", [text], [0], "live", Sources("", history))

    rows = [shown("x"), shown("y"), shown("x", "earlier"), shown("y", "earlier"), shown("x", "other")]
    # Whoever was here before clicks less. In each situation y is better, as predicted, but the predictor knows no session.
    truth, predictions = np.array([0.8, 0.9, 0.1, 0.2, 0.15]), np.array([0.3, 0.6, 0.3, 0.6, 0.3])
    found = against_truth(Columns.of(Impressions("test", rows)), predictions, truth)
    assert (found["withinContext"], found["contextsCompared"]) == (pytest.approx(1), 2)
    assert found["withinPrompt"] < 0.7


def test_every_situation_of_a_panel_weighs_the_same() -> None:
    situations = np.repeat(np.arange(20), [4] * 10 + [2] * 10)
    truth = np.concatenate([np.tile([0.1, 0.2, 0.3, 0.4], 10), np.tile([0.1, 0.2], 10)])
    # Right in situations of four, wrong in those of two.
    predictions = np.concatenate([truth[:40], -truth[40:]])
    found = over_situations(situations, predictions, truth, seed=1)
    low, high = found["interval"]
    assert (found["correlation"], found["situations"]) == (pytest.approx(0), 20)
    # The standard error of the mean of twenty that are 1 or -1 is .22.
    assert -0.55 < low < -0.3 < 0.3 < high < 0.55
    assert over_situations(situations, predictions, np.full(60, 0.1), seed=1)["correlation"] is None
    assert over_situations(situations, truth, truth, seed=1)["interval"] == pytest.approx([1, 1])


def test_a_predictor_that_tells_nothing_apart_has_no_correlation_with_the_truth() -> None:
    lists = [("q", ["x", "y"], [0, 1]), ("q", ["z", "w"], [0, 1])]
    found = against_truth(columns(*lists), np.full(4, 0.3), np.array([0.1, 0.2, 0.3, 0.4]))
    assert (found["withinPrompt"], found["withinList"], found["overall"]) == (0, 0, None)
    assert found["missing"] == {"overall": "predictions or truth are all the same"}
    nothing = against_truth(columns(("q", ["x"], [0]), ("p", ["y"], [1])), np.array([0.1, 0.2]), np.array([0.1, 0.2]))
    assert nothing["missing"]["withinContext"] == "no two queries of different truth were shown in the same situation"


def test_truth_must_fit_the_lists() -> None:
    assert align({"i": [0.1, 0.2]}, ["i"], [2]).tolist() == [0.1, 0.2]
    assert np.isnan(align({"i": [0.1]}, ["i", "j"], [1, 2])).tolist() == [False, True, True]
    with pytest.raises(LearnerError, match="impression i has 2 queries and 1 true probabilities"):
        align({"i": [0.1]}, ["i"], [2])
    with pytest.raises(LearnerError, match="no test impression has a ground truth"):
        align({"k": [0.1]}, ["i"], [1])


def cell(model: str, seed: int, value: float, data: str = "suggestion") -> dict[str, Any]:
    backbone, _, variant = model.partition("+")
    nothing = {"auc": 0.5, "logloss": 0.2}
    return {
        "data": data,
        "model": model,
        "backbone": backbone,
        "variant": variant or "base",
        "seed": seed,
        "seconds": 2.0,
        "headlines": {"auc": value, "logloss": 0.1},
        "baselines": {"mean": nothing, "position": nothing},
    }


def test_table_2_holds_the_order_against_the_papers() -> None:
    found = compare(
        [
            *(cell("bert", seed, 0.70 + seed / 1000) for seed in (1, 2)),
            *(cell("bert+pid", seed, 0.75 + seed / 900) for seed in (1, 2)),
            *(cell("albert", seed, 0.69) for seed in (1, 2)),
        ]
    )
    assert [row["model"] for row in found["rows"]] == ["bert", "bert+pid", "albert", "position", "mean"]
    assert found["rows"][0]["auc"] == {"mean": pytest.approx(0.7015), "deviation": pytest.approx(0.001 / np.sqrt(2))}
    assert found["rows"][0]["paper"] == {"auc": 0.7499, "logloss": 0.1785, "diffCtr": pytest.approx(5.134e-4)}
    assert found["order"]["suggestion"] == {
        "ours": ["bert+pid", "bert", "albert"],
        "paper": ["bert+pid", "albert", "bert"],
        "rankCorrelation": pytest.approx(0.5),
    }
    position, albert = found["claims"]
    assert (position["claim"], position["verdict"]) == ("the position helps (+pid over base)", "as in the paper")
    assert (position["difference"], position["paper"]) == (pytest.approx(0.05 + 1 / 6000), pytest.approx(0.0062))
    # Gains of -0.011 and -0.012, with t = 12.7 for two seeds: 0.0115 +- 0.0064.
    assert (albert["claim"], albert["verdict"]) == ("ALBERT is better than BERT", "against the paper")
    assert albert["interval"] == pytest.approx([-0.0115 - 0.00635, -0.0115 + 0.00635], abs=1e-5)


def test_one_seed_decides_nothing() -> None:
    (claim,) = compare([cell("bert", 1, 0.7), cell("bert+ctx", 1, 0.8)])["claims"]
    assert (claim["verdict"], claim["interval"]) == ("undecided", None)
