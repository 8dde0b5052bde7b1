import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gqr_learner.ctr.input import NO_SOURCES, VARIANTS, CtrInput, InputBuilder, InputSpec, Sources
from gqr_learner.ctr.tiny import TEXTS_A_DIGEST, TOKENIZERS, digests
from gqr_learner.ctr.vocabulary import CLS, SEP, encoder, load_tokenizer, special_id

FIXTURES = Path(__file__).parents[2] / "ctr" / "test" / "fixtures"
"""Written by gqr_learner.ctr.tiny; the tests of services/ctr read the same files."""

CLS_ID, SEP_ID = 1, 2


def encode(text: str) -> list[int]:
    """Words that are numbers stand for themselves; "_3" is 903."""
    return [900 + int(word[1:]) if word.startswith("_") else int(word) for word in text.split()]


def build(
    variant: str,
    query: str,
    chosen: Sequence[str],
    candidate: str,
    max_length: int = 32,
    task: str = "suggestion",
    sources: Sources = NO_SOURCES,
) -> CtrInput:
    spec = InputSpec(variant, max_length, 4, {"suggestion": 7}, source_tokens=3)
    return InputBuilder(spec, CLS_ID, SEP_ID, encode).build(task, query, chosen, candidate, sources)


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


SOURCES = Sources("50 51 52 53", ["60", "61 62", "63"], ["70 71", "72 73"])


def test_src_has_answer_history_and_cooccurrence_after_the_query() -> None:
    built = build("src", "10 11", ["20"], "40 41", sources=SOURCES)
    assert built.input_ids == [CLS_ID, 10, 11, 50, 51, 52, 61, 62, 63, 70, 71, 72, 20, SEP_ID, 40, 41]
    assert built.domain_ids == [0, 0, 0, 4, 4, 4, 5, 5, 5, 6, 6, 6, 1, 1, 2, 2]
    assert built.segment_ids == [0] * 14 + [1, 1]


def test_src_without_sources_is_ctx_and_other_variants_read_none() -> None:
    assert build("src", "10 11", ["20"], "40") == build("ctx", "10 11", ["20"], "40")
    for variant in ("base", "pid", "ctx"):
        assert build(variant, "10", ["20"], "40", sources=SOURCES) == build(variant, "10", ["20"], "40")


@pytest.mark.parametrize(
    ("max_length", "beside"),
    [
        (15, [50, 51, 52, 62, 63, 70, 71, 72]),
        (13, [50, 51, 52, 70, 71, 72]),
        (11, [50, 70, 71, 72]),
        (9, [70, 71]),
        (8, [70]),
    ],
)
def test_src_loses_old_history_then_the_answers_end_then_the_rarest_queries(max_length: int, beside: list[int]) -> None:
    built = build("src", "10 11", ["20"], "40 41", max_length, sources=SOURCES)
    assert built.input_ids == [CLS_ID, 10, 11, *beside, 20, SEP_ID, 40, 41]


def test_src_keeps_the_list_rather_than_any_source() -> None:
    assert build("src", "10 11", ["20 21", "30"], "40 41", 9, sources=SOURCES) == build("ctx", "10 11", ["20 21", "30"], "40 41", 9)


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    builder = InputBuilder(InputSpec("src", 96, 4, {}, source_tokens=3), CLS_ID, SEP_ID, lambda text: [len(text)])
    built = builder.build("suggestion", "q", [], "c", Sources("x" * 100_000, ["y" * 100_000] * 50, ["z" * 100_000] * 50))
    assert built.input_ids == [CLS_ID, 1, 24, 24, 24, 24, 24, 24, 24, SEP_ID, 1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_lists_of_a_hundred_and_texts_of_100_kb_are_cut_to_the_limit(variant: str) -> None:
    long = "7 " * 50_000
    built = build(variant, long, [long] * 99, long, sources=Sources(long, [long] * 3, [long] * 3))
    assert len(built.input_ids) == 32
    assert built.segment_ids.index(1) == built.input_ids.index(SEP_ID) + 1
    assert built.domain_ids[-1] == (3 if variant in ("ctx", "src") else 1)


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
        sources = Sources(row["answer"], row["history"], row["cooccurrence"])
        built = builder.build(row["taskId"], row["query"], row["chosen"], row["candidate"], sources)
        expected = (row["inputIds"], row["segmentIds"], row["domainIds"], row["taskNumber"])
        assert (built.input_ids, built.segment_ids, built.domain_ids, built.task_id) == expected


@pytest.mark.parametrize("variant", ["base", "pid", "ctx"])
def test_no_input_is_longer_than_its_limit(variant: str) -> None:
    for length in range(40):
        text = " ".join(["5"] * length)
        built = build(variant, text, [text, text], text, max_length=16)
        assert len(built.input_ids) == len(built.segment_ids) == len(built.domain_ids) <= 16
