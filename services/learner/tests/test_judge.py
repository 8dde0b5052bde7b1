import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gqr_learner.judge import agreement, command
from gqr_learner.judge.figures import figures
from gqr_learner.judge.judge import Verdict, judge, sentences
from gqr_learner.judge.lists import JudgedList
from gqr_learner.worker import Job, LearnerError, Worker


def encode_by_angle(angles: dict[str, float]) -> Any:
    def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([[np.cos(angles[text]), np.sin(angles[text])] for text in texts], dtype=np.float32)

    return encode


def list_of(*queries: str, response: str = "", policy: str = "a", prompt: str = "p") -> JudgedList:
    return JudgedList(prompt, "suggestion", policy, "user", response, queries)


def run(folder: Path, inputs: dict[str, Path], module: Any = command) -> dict[str, Any]:
    lines = io.StringIO()
    module.run(Job({}, inputs, folder, "test"), Worker(lines))
    result: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])
    return result


def test_levels_and_kinds_by_angle() -> None:
    angles = {"user": 0.0, "same": 0.1, "near": -0.8, "far": 1.2, "away": 1.9, "near too": -0.82, "Said.": 1.7}
    (verdicts,) = judge([list_of("same", "near", "far", "away", "near too", response="Said.")], encode_by_angle(angles))
    assert [verdict.related for verdict in verdicts] == ["moderate", "high", "moderate", "moderate", "high"]
    assert [verdict.unlike_query for verdict in verdicts] == [False, True, True, True, True]
    assert [verdict.unlike_response for verdict in verdicts] == [True, True, False, False, True]
    assert [verdict.unlike_list for verdict in verdicts] == [True, True, True, True, False]


def test_without_an_answer_nothing_is_said_by_it_and_what_leads_away_is_low() -> None:
    (verdicts,) = judge([list_of("away")], encode_by_angle({"user": 0.0, "away": 1.5}))
    assert (verdicts[0].related, verdicts[0].unlike_response) == ("low", True)


def test_the_same_words_in_another_order_ask_the_same() -> None:
    lists = [JudgedList("p", "t", "a", "monstera care", "", ("how to care for a monstera",))]
    (verdicts,) = judge(lists, encode_by_angle({"monstera care": 0.0, "how to care for a monstera": 0.7}))
    assert not verdicts[0].unlike_query or verdicts[0].related != "low"
    lists = [JudgedList("p", "t", "a", "monstera care", "", ("care of the monstera",))]
    (verdicts,) = judge(lists, encode_by_angle({"monstera care": 0.0, "care of the monstera": 0.7}))
    assert not verdicts[0].unlike_query


def test_sentences_of_several_scripts() -> None:
    assert sentences("One. Two!\nThree") == ["One.", "Two!", "Three"]
    assert sentences("") == []


def verdict(related: str = "high", exclusive: bool = True) -> Verdict:
    return Verdict(related, 0.5, exclusive, True, True)


def test_figures_by_hand() -> None:
    lists = [list_of("x", "y", policy=policy, prompt=prompt) for policy in ("a", "b") for prompt in ("p", "q")]
    verdicts = [
        [verdict(), verdict("low")],
        [verdict("moderate"), verdict("moderate", exclusive=False)],
        [verdict(), verdict()],
        [verdict("low"), verdict("low")],
    ]
    first, second = figures(lists, verdicts, seed=1)
    assert first["levels"] == {"low": 0.25, "moderate": 0.5, "high": 0.25}
    assert first["relatedness"]["mean"] == pytest.approx(0.5)
    assert first["exclusivity"]["mean"] == pytest.approx(0.75)
    assert first["unlikeQuery"] == pytest.approx(0.75)
    assert "against" not in first
    gain = second["against"]["relatedness"]
    assert (gain["difference"], gain["win"], gain["tie"], gain["loss"]) == (pytest.approx(0.0), 0.5, 0.0, 0.5)
    assert second["against"]["exclusivity"]["difference"] == pytest.approx(0.25)
    low, high = gain["interval"]
    assert low <= 0 <= high


def test_the_real_encoder_tells_related_from_unrelated(tmp_path: Path) -> None:
    lists = tmp_path / "lists.jsonl"
    row = {"prompt": "1", "task": "suggestion", "policy": "a", "query": "how to repot a monstera", "response": ""}
    queries = ["best soil mix for monstera", "how do i repot a monstera", "cheap flights to rome"]
    lists.write_text(json.dumps({**row, "queries": queries}) + "\n", encoding="utf-8")
    result = run(tmp_path / "out", {"lists": lists})
    verdicts = json.loads((tmp_path / "out" / "verdicts.jsonl").read_text())["verdicts"]
    assert [verdict["related"] for verdict in verdicts] == ["high", "moderate", "low"]
    assert [verdict["unlike_query"] for verdict in verdicts] == [True, False, True]
    assert result["metrics"]["figures"][0]["levels"]["low"] == pytest.approx(1 / 3)


def test_another_judge_may_answer(tmp_path: Path) -> None:
    lists, verdicts = tmp_path / "lists.jsonl", tmp_path / "verdicts.jsonl"
    lists.write_text(
        json.dumps({"prompt": "1", "task": "t", "policy": "a", "query": "q", "queries": ["x"]}) + "\n", encoding="utf-8"
    )
    answer = {"related": "high", "unlike_query": True, "unlike_response": True, "unlike_list": True}
    verdicts.write_text(json.dumps({"verdicts": [answer]}) + "\n", encoding="utf-8")
    assert run(tmp_path / "out", {"lists": lists, "verdicts": verdicts})["metrics"]["figures"][0]["levels"]["high"] == 1
    verdicts.write_text(json.dumps({"verdicts": [{**answer, "related": "very"}]}) + "\n", encoding="utf-8")
    with pytest.raises(LearnerError, match=r"verdicts\.jsonl:1 .*'very'.*low, moderate, high"):
        run(tmp_path / "out", {"lists": lists, "verdicts": verdicts})


def test_a_line_that_is_no_list_is_named(tmp_path: Path) -> None:
    lists = tmp_path / "lists.jsonl"
    lists.write_text('{"prompt": "1"}\n', encoding="utf-8")
    with pytest.raises(LearnerError, match=r"lists\.jsonl:1"):
        run(tmp_path / "out", {"lists": lists})


def test_agreement_with_labels(tmp_path: Path) -> None:
    panes = tmp_path / "panes.tsv"
    header = "query\tquestion\toption_1\toption_2\tQuality_Option1\tQuality_Option2\tDiversity"
    rows = [
        "monstera care\t?\tmonstera soil\tmonstera care\t5\t3\t2",
        "rome hotels\t?\trome hotel deals\tcheap rome hotels\t4\t5\t4",
    ]
    panes.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    found = run(tmp_path / "out", {"panes": panes}, agreement)["metrics"]
    assert found["panes"] == 2
    assert found["quality"]["options"] == 4
    assert found["ownOrOther"]["auc"] > 0.9
