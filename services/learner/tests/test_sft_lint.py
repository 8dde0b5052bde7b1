import io
import json
from pathlib import Path
from typing import Any

import pytest

from gqr_learner.sft import lint
from gqr_learner.worker import Job, Worker


def instance(number: int, **changes: Any) -> dict[str, Any]:
    inputs = {"query": f"question number {number}", "response": "An answer.", "history": []}
    return {
        "id": f"i{number}",
        "conversation": f"c{number}",
        "task": "suggestion",
        "domain": f"d{number}",
        "language": "en",
        "split": "train",
        "inputs": inputs,
        "cooccurrence": [{"text": "what others ask", "pertinent": True}],
        "output": {"queries": [f"first {number}", f"second {number}", f"third {number}"]},
        "from_cooccurrence": [0],
        "style": "original",
        "rewrites": None,
        **changes,
    }


def run(folder: Path, rows: list[Any], semantic: bool = False, others: str | None = None) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / "suggestion-a.jsonl").write_text(text, encoding="utf-8")
    inputs = {"instances": folder}
    if others is not None:
        inputs["others"] = folder / "others.txt"
        inputs["others"].write_text(others, encoding="utf-8")
    lines = io.StringIO()
    lint.run(Job({"semantic": semantic}, inputs, folder / "out", "test"), Worker(lines))
    metrics: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])["metrics"]
    return metrics


def test_good_instances_have_no_faults(tmp_path: Path) -> None:
    metrics = run(tmp_path, [instance(n) for n in range(3)])
    assert (metrics["instances"], metrics["faults"]) == (3, [])
    assert "| suggestion | 3 | 3 / 0 / 0 |" in metrics["card"]
    assert (tmp_path / "out" / "card.md").read_text() == metrics["card"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"split": "dev"}, "split", "must be one of train"),
        ({"style": "copied"}, "style", "original, rewritten"),
        ({"id": "i0"}, "id", "suggestion-a.jsonl:1"),
        ({"inputs": {"query": " ", "response": "", "history": []}}, "inputs.query", "empty"),
        ({"inputs": {"query": "Question number 0?", "response": "An answer.", "history": []}}, "inputs", "suggestion-a.jsonl:1"),
        ({"output": {"queries": ["a b", "c d"]}}, "output.queries", "has 2; must have 3"),
        ({"output": {"queries": ["a b", "c d", "A  b!"]}}, "output.queries[2]", "in the list already"),
        ({"output": {"queries": ["a b", "c d", "question number 1"]}}, "output.queries[2]", "the user's query"),
        ({"output": {"queries": ["a b", "c d", "e|f"]}}, "output.queries[2]", "separate"),
        ({"output": {"queries": ["a b", "c d", "w " * 20]}}, "output.queries[2]", "20 words"),
        ({"from_cooccurrence": [3]}, "from_cooccurrence", "has 3"),
        ({"cooccurrence": []}, "from_cooccurrence", "pertinent"),
        ({"style": "rewritten"}, "rewrites", "name the instance"),
        ({"style": "rewritten", "rewrites": "i0", "output": instance(0)["output"]}, "output.queries", "another style"),
        ({"split": "test", "conversation": "c0"}, "split", "its conversation is in test, train"),
        ({"split": "test", "inputs": instance(0)["inputs"]}, "inputs.query", "trained on"),
        ({"split": "test", "output": instance(0)["output"]}, "output.queries", "trained on"),
    ],
)
def test_each_fault_is_found_with_its_line(tmp_path: Path, changes: dict[str, Any], field: str, words: str) -> None:
    faults = run(tmp_path, [instance(0), instance(1, **changes)])["faults"]
    found = [fault for fault in faults if fault["field"] == field and fault["line"] == 2]
    assert found, faults
    assert words in found[0]["description"]


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    faults = run(tmp_path, ["{", json.dumps({"id": "x"}), instance(0)])["faults"]
    assert [(fault["line"], fault["file"]) for fault in faults] == [(1, "suggestion-a.jsonl"), (2, "suggestion-a.jsonl")]


def test_queries_of_other_data_are_not_taken_over(tmp_path: Path) -> None:
    faults = run(tmp_path, [instance(0)], others="something else\nQuestion number 0\n")["faults"]
    assert [fault["field"] for fault in faults] == ["inputs.query"]


def test_the_same_in_other_words_is_found(tmp_path: Path) -> None:
    def asking(number: int, query: str, first: str) -> dict[str, Any]:
        inputs = {"query": query, "response": "", "history": []}
        return instance(number, inputs=inputs, output={"queries": [first, f"b {number}", f"c {number}"]})

    rows = [
        asking(0, "how do I repot a monstera", "best soil for a monstera"),
        asking(1, "how can I repot a monstera?", "best soil for monstera"),
        asking(2, "cheap flights to rome", "hotels in rome"),
    ]
    assert [fault["line"] for fault in run(tmp_path, rows, semantic=True)["faults"]] == [2]


def test_what_is_lopsided_is_warned_of(tmp_path: Path) -> None:
    warnings = run(tmp_path, [instance(n, domain="cooking") for n in range(3)])["warnings"]
    assert any("100% are about cooking" in warning for warning in warnings)
    assert any("no instance of split test" in warning for warning in warnings)
