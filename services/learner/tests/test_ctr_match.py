import math

import numpy as np
import pytest
import torch

from gqr_learner.ctr.backbones import BACKBONES
from gqr_learner.ctr.input import InputBuilder, InputSpec
from gqr_learner.ctr.instances import pack
from gqr_learner.ctr.match import Match
from gqr_learner.ctr.vocabulary import CLS, SEP, SPECIAL, encoder, special_id, train_wordpiece
from gqr_learner.ctr.word_vectors import start_from, teach
from gqr_learner.sentence_encoder import SentenceEncoder

# Tokens: 0 nothing, 1 [CLS], 2 [SEP], 3 east, 4 north, 5 north-east, 6 east, but half as heavy.
VECTORS = [[0.0, 0.0], [9.0, 9.0], [9.0, 9.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]
WEIGHTS = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5]


def compass(sources: int = 0) -> Match:
    match = Match(len(VECTORS), 2, hidden=4, positions=8, sources=sources)
    match.vectors, match.weights = torch.tensor(VECTORS), torch.tensor(WEIGHTS)
    return match


def features(ids: list[int], segments: list[int], domains: list[int], sources: int = 0) -> list[float]:
    ids_, segments_, domains_, mask = (torch.tensor([row]) for row in (ids, segments, domains, [int(token != 0) for token in ids]))
    return [float(value) for value in compass(sources).features(ids_, segments_, domains_, mask)[0]]


def test_compares_the_target_with_the_users_query_and_with_what_precedes_it() -> None:
    # [CLS] east, q_1 = north, [SEP] north-east
    to_user, to_preceding, length = features([1, 3, 4, 2, 5], [0, 0, 0, 0, 1], [0, 0, 1, 1, 2])
    assert to_user == pytest.approx(math.sqrt(0.5))
    assert to_preceding == pytest.approx(math.sqrt(0.5))
    assert length == pytest.approx(math.log(2) / 3)


def test_a_heavier_token_says_more() -> None:
    # The target is north and, half as heavy, east: the angle to east is atan(2).
    assert features([1, 3, 2, 4, 6], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1])[0] == pytest.approx(math.cos(math.atan(2)))


def test_nothing_precedes_the_first_query_and_padding_says_nothing() -> None:
    alone = features([1, 3, 2, 3], [0, 0, 0, 1], [0, 0, 0, 1])
    assert alone == pytest.approx([1, 0, math.log(2) / 3])
    assert features([1, 3, 2, 3, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0]) == pytest.approx(alone)


def test_compares_the_target_with_each_source_where_it_says_something() -> None:
    # [CLS] east, answer = north-east, co-occurrence = north, [SEP] north; there is no history.
    ids, segments, domains = [1, 3, 5, 4, 2, 4], [0, 0, 0, 0, 0, 1], [0, 0, 8, 10, 10, 1]
    found = features(ids, segments, domains, sources=3)
    assert found[:3] == pytest.approx(features(ids, segments, domains))
    assert found[3:] == pytest.approx([math.sqrt(0.5), 0, 1])


TEXTS = [
    *("how to bake bread", "bread recipe without yeast", "my loaf is too dense", "how long does dough rise"),
    *("cheap flights to rome", "best time to fly to italy", "rome airport to city centre", "luggage rules of airlines"),
] * 3


def similarity(match: Match, builder: InputBuilder, query: str, candidate: str) -> float:
    ids, segments, domains, mask, _ = pack([builder.build("suggestion", query, [], candidate)], [0]).batch([0])
    return float(match.features(ids, segments, domains, mask)[0, 0])


def test_the_encoder_teaches_words_that_no_text_of_the_log_holds() -> None:
    teacher = SentenceEncoder()
    tokenizer = train_wordpiece([*TEXTS, *teacher.common_words(4000) * 2], 6000, lambda: None)
    match = Match(tokenizer.get_vocab_size(), 32, hidden=4, positions=8)
    stages: list[str] = []
    teach(match, BACKBONES["bert"], tokenizer, teacher, TEXTS, 1, lambda stage, _done, _total, _unit: stages.append(stage))
    builder = InputBuilder(
        InputSpec("ctx", 64, 8, {"suggestion": 1}), special_id(tokenizer, CLS), special_id(tokenizer, SEP), encoder(tokenizer)
    )
    alike = [("doctor", "hospital"), ("guitar", "music"), ("snow", "winter")]
    apart = [("doctor", "guitar"), ("guitar", "winter"), ("snow", "hospital")]
    assert np.mean([similarity(match, builder, *pair) for pair in alike]) > 0.15 + np.mean(
        [similarity(match, builder, *pair) for pair in apart]
    )
    assert stages[0] == "encode"
    assert stages[-1] == "word vectors"
    assert [match.weights[special_id(tokenizer, token)] for token in SPECIAL] == [0, 0, 0, 0]


def test_without_an_encoder_like_words_match_and_frequent_ones_say_less() -> None:
    tokenizer = train_wordpiece(TEXTS, 400, lambda: None)
    match = Match(tokenizer.get_vocab_size(), 64, hidden=4, positions=8)
    torch.manual_seed(1)
    start_from(match, BACKBONES["bert"], tokenizer, None, TEXTS)
    builder = InputBuilder(
        InputSpec("ctx", 64, 8, {"suggestion": 1}), special_id(tokenizer, CLS), special_id(tokenizer, SEP), encoder(tokenizer)
    )
    assert similarity(match, builder, "bread recipe", "recipe bread") > 0.6
    assert abs(similarity(match, builder, "bread recipe", "luggage rules")) < 0.5
    vocabulary = tokenizer.get_vocab()
    assert match.weights[vocabulary["to"]] < match.weights[vocabulary["dense"]]
