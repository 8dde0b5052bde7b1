import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rollout_model import save_adapter, tiny_model
from test_rollout_engine import LIMITS, PROMPTS, VOCABULARY, encode, greedy, plain_logprobs, until_end, wanted, written

from gqr_learner.rollout import reading
from gqr_learner.rollout.engine import Engine
from gqr_learner.rollout.language_model import LanguageModel
from gqr_learner.rollout.lora import AdapterError, read_adapter
from gqr_learner.rollout.order import Started

LONG = [f"{first} {second}" for first, second in itertools.product(PROMPTS, PROMPTS)]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One that reads few tokens a step and waits for what is worth it."""
    monkeypatch.setattr(reading, "CHUNK", 7)
    monkeypatch.setattr(reading, "WORTH_WAITING", 4)
    engine = Engine(LanguageModel(tiny_model(VOCABULARY)), 0, LIMITS)
    engine.start()
    yield engine
    engine.close(0)


def test_prompts_that_are_read_in_chunks_beside_each_other_and_beside_texts_change_nothing(engine: Engine) -> None:
    model = tiny_model(VOCABULARY)
    tickets = [wanted(prompt, max_new_tokens=4 + at) for at, prompt in enumerate(LONG)]
    written(engine, *tickets)
    for ticket in tickets:
        assert ticket.tokens == until_end(greedy(model, ticket.order.prompt, ticket.order.max_new_tokens))


def test_log_probabilities_of_a_prompt_go_on_from_chunk_to_chunk(engine: Engine) -> None:
    model = tiny_model(VOCABULARY)
    tickets = [wanted(prompt, prompt_logprobs=True) for prompt in LONG[:6]]
    for ticket, events in zip(tickets, written(engine, *tickets), strict=True):
        own = plain_logprobs(model, ticket.order.prompt)
        (started,) = (event for event in events if isinstance(event, Started))
        expected = [0.0] + [float(own[at, token]) for at, token in enumerate(ticket.order.prompt[1:])]
        assert started.logprobs == pytest.approx(expected, abs=1e-4)


def test_a_prompt_that_begins_like_one_that_is_about_to_be_read_waits_for_it(engine: Engine) -> None:
    tickets = [wanted(f"{LONG[1]} {end}") for end in ("rice", "sale")]
    written(engine, *tickets)
    apart = len(encode(" rice")) + len(encode(" sale"))
    assert engine.counts.read_tokens <= len(encode(LONG[1])) + apart + 2


@pytest.mark.parametrize("setting", [{"use_dora": True}, {"rank_pattern": {"q_proj": 2}}, {"peft_type": "IA3"}])
def test_an_adapter_that_computes_something_else_is_refused(tmp_path: Path, setting: dict[str, object]) -> None:
    save_adapter(tmp_path, VOCABULARY, 1)
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **setting}))
    model = tiny_model(VOCABULARY)
    with pytest.raises(AdapterError):
        read_adapter(tmp_path, model, model.device)
