import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gqr_learner.ctr.input import CtrInput, InputBuilder, InputSpec
from gqr_learner.ctr.tiny import TEXTS_A_DIGEST, TOKENIZERS, digests
from gqr_learner.ctr.vocabulary import CLS, SEP, encoder, load_tokenizer, special_id

FIXTURES = Path(__file__).parents[2] / "ctr" / "test" / "fixtures"
"""Written by gqr_learner.ctr.tiny; the tests of services/ctr read the same files."""

CLS_ID, SEP_ID = 1, 2


def encode(text: str) -> list[int]:
    """Words that are numbers stand for themselves; "_3" is 903."""
    return [900 + int(word[1:]) if word.startswith("_") else int(word) for word in text.split()]


def build(
    variant: str, query: str, chosen: Sequence[str], candidate: str, max_length: int = 32, task: str = "suggestion"
) -> CtrInput:
    spec = InputSpec(variant, max_length, 4, {"suggestion": 7})
    return InputBuilder(spec, CLS_ID, SEP_ID, encode).build(task, query, chosen, candidate)


def test_ctx_is_figure_2_of_the_paper() -> None:
    built = build("ctx", "10 11 12", ["20 21 22", "30 31 32"], "40 41 42")
    assert built.input_ids == [CLS_ID, 10, 11, 12, 20, 21, 22, 30, 31, 32, SEP_ID, 40, 41, 42]
    assert built.segment_ids == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert built.domain_ids == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert built.task_id == 7


def test_the_first_query_has_no_context() -> None:
    built = build("ctx", "10 11", [], "40")
    assert built.input_ids == [CLS_ID, 10, 11, SEP_ID, 40]
    assert built.domain_ids == [0, 0, 0, 0, 1]


def test_base_says_nothing_of_context_or_position() -> None:
    alone = build("base", "10 11", [], "40 41")
    assert alone.input_ids == [CLS_ID, 10, 11, SEP_ID, 40, 41]
    assert alone.segment_ids == [0, 0, 0, 0, 1, 1]
    assert alone.domain_ids == [0, 0, 0, 0, 1, 1]
    assert build("base", "10 11", ["20", "30"], "40 41") == alone


def test_pid_adds_the_position_and_nothing_else() -> None:
    built = build("pid", "10 11", ["20", "30"], "40 41")
    assert built.input_ids == [CLS_ID, 10, 11, SEP_ID, 40, 41, 903]
    assert built.domain_ids == [0, 0, 0, 0, 1, 1, 1]


def test_positions_beyond_the_last_domain_share_it() -> None:
    built = build("ctx", "10", ["20", "30", "40", "50"], "60")
    assert built.domain_ids == [0, 0, 1, 2, 3, 3, 3, 3]


def test_an_unknown_task_has_its_own_id() -> None:
    assert build("ctx", "10", [], "20", task="other").task_id == 0


def test_the_oldest_context_is_dropped_first_token_by_token() -> None:
    # Room for 10: [CLS], [SEP], a target of 2 and 6 before it.
    built = build("ctx", "10 11", ["20 21 22", "30 31 32"], "40 41", max_length=10)
    assert built.input_ids == [CLS_ID, 10, 11, 22, 30, 31, 32, SEP_ID, 40, 41]
    assert built.domain_ids == [0, 0, 0, 1, 2, 2, 2, 2, 3, 3]


def test_the_user_query_is_cut_at_its_end_once_no_context_is_left() -> None:
    built = build("ctx", "10 11 12 13 14", ["20"], "40 41 42", max_length=8)
    assert built.input_ids == [CLS_ID, 10, 11, 12, SEP_ID, 40, 41, 42]
    assert built.domain_ids == [0, 0, 0, 0, 0, 2, 2, 2]


def test_a_long_target_leaves_one_token_of_the_user_query() -> None:
    built = build("ctx", "10 11", ["20"], "40 41 42 43 44 45", max_length=8)
    assert built.input_ids == [CLS_ID, 10, SEP_ID, 40, 41, 42, 43, 44]


def test_a_long_target_keeps_its_position() -> None:
    built = build("pid", "10 11", ["20"], "40 41 42 43 44 45", max_length=8)
    assert built.input_ids == [CLS_ID, 10, SEP_ID, 40, 41, 42, 43, 902]


def test_texts_without_tokens_leave_the_frame() -> None:
    assert build("ctx", "", ["", ""], "").input_ids == [CLS_ID, SEP_ID]


def fixture(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
    return rows


def test_odd_texts_have_the_tokens_of_the_shared_fixture() -> None:
    encode_tiny = encoder(load_tokenizer(FIXTURES / "tiny-ctx"))
    rows = fixture("texts.json")
    assert len(rows) >= 300
    assert [row["text"] for row in rows if list(encode_tiny(row["text"])) != row["ids"]] == []


@pytest.mark.parametrize(("backbone", "model"), list(TOKENIZERS.items()))
def test_thousands_of_drawn_texts_have_the_digests_of_the_shared_fixture(backbone: str, model: str) -> None:
    expected = json.loads((FIXTURES / "digests.json").read_text())[backbone]
    assert len(expected) * TEXTS_A_DIGEST >= 4000
    assert digests(FIXTURES / model, [row["text"] for row in fixture("texts.json")]) == expected


def test_odd_inputs_are_those_of_the_shared_fixture() -> None:
    tokenizer = load_tokenizer(FIXTURES / "tiny-ctx")
    for row in fixture("inputs.json"):
        spec = InputSpec.from_json(row["spec"])
        builder = InputBuilder(spec, special_id(tokenizer, CLS), special_id(tokenizer, SEP), encoder(tokenizer))
        built = builder.build(row["taskId"], row["query"], row["chosen"], row["candidate"])
        expected = (row["inputIds"], row["segmentIds"], row["domainIds"], row["taskNumber"])
        assert (built.input_ids, built.segment_ids, built.domain_ids, built.task_id) == expected


@pytest.mark.parametrize("variant", ["base", "pid", "ctx"])
def test_no_input_is_longer_than_its_limit(variant: str) -> None:
    for length in range(40):
        text = " ".join(["5"] * length)
        built = build(variant, text, [text, text], text, max_length=16)
        assert len(built.input_ids) == len(built.segment_ids) == len(built.domain_ids) <= 16
