import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from rollout_model import save_adapter, tiny_model, tiny_tokenizer

from gqr_learner.rollout.engine import Engine, Limits
from gqr_learner.rollout.grammar import Grammars
from gqr_learner.rollout.language_model import LanguageModel
from gqr_learner.rollout.lora import AdapterError
from gqr_learner.rollout.order import (
    BadGrammarError,
    ClosingError,
    Drawn,
    Ended,
    Event,
    Failed,
    FullError,
    Order,
    Sampling,
    Started,
    Ticket,
)
from gqr_learner.rollout.sampling import Row, draw, penalise

TOKENIZER = tiny_tokenizer()
VOCABULARY = len(TOKENIZER)
LIMITS = Limits(max_running=16, max_waiting=64, max_tokens=200, cached_tokens=400)


def encode(text: str) -> tuple[int, ...]:
    return tuple(TOKENIZER(text)["input_ids"])


def wanted(prompt: str, **fields: Any) -> Ticket:
    order = {"adapter": None, "sampling": Sampling(), "max_new_tokens": 8, **fields}
    return Ticket(Order(prompt=encode(prompt), **order))


def events_of(ticket: Ticket) -> list[Event]:
    events: list[Event] = []
    while not events or not isinstance(events[-1], (Ended, Failed)):
        events.append(ticket.events.get(timeout=60))
    return events


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(LanguageModel(tiny_model(VOCABULARY)), 0, LIMITS)
    engine.start()
    yield engine
    engine.close(0)


def written(engine: Engine, *tickets: Ticket) -> list[list[Event]]:
    for ticket in tickets:
        engine.submit(ticket)
    return [events_of(ticket) for ticket in tickets]


def plain_logprobs(model: Any, tokens: tuple[int, ...]) -> torch.Tensor:
    """What transformers itself says: log-probabilities [tokens, vocabulary] of what follows each token."""
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([tokens])).logits[0]
        return logits.log_softmax(dim=-1)


def greedy(model: Any, prompt: tuple[int, ...], count: int) -> list[int]:
    tokens = list(prompt)
    for _ in range(count):
        tokens.append(int(plain_logprobs(model, tuple(tokens))[-1].argmax()))
    return tokens[len(prompt) :]


def until_end(tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(0) + 1] if 0 in tokens else tokens


PROMPTS = ["how to reheat rice", "how to reheat rice in the fridge", "best way to freeze", "日本語 café"]


def test_writes_what_the_model_alone_would_write_whatever_else_is_in_the_batch(engine: Engine) -> None:
    model = tiny_model(VOCABULARY)
    tickets = [wanted(prompt, max_new_tokens=count) for prompt, count in itertools.product(PROMPTS, (3, 12, 7))]
    written(engine, *tickets)
    for ticket in tickets:
        assert ticket.tokens == until_end(greedy(model, ticket.order.prompt, ticket.order.max_new_tokens))


def test_an_order_that_joins_a_running_batch_changes_nothing_for_the_others(engine: Engine) -> None:
    model = tiny_model(VOCABULARY)
    first = wanted(PROMPTS[0], max_new_tokens=40)
    engine.submit(first)
    late = [wanted(PROMPTS[0], max_new_tokens=5), wanted(PROMPTS[2], max_new_tokens=9)]
    for ticket in late:
        assert isinstance(first.events.get(timeout=60), (Started, Drawn))
        engine.submit(ticket)
        events_of(ticket)
    events_of(first)
    for ticket in [first, *late]:
        assert ticket.tokens == until_end(greedy(model, ticket.order.prompt, ticket.order.max_new_tokens))


def test_computes_a_prompt_once_for_all_its_candidates_and_what_prompts_have_in_common_once(engine: Engine) -> None:
    size = len(encode(PROMPTS[0]))
    for ticket in (tickets := [wanted(PROMPTS[0], sampling=Sampling(1.0, seed=k)) for k in range(6)]):
        engine.submit(ticket)
    for ticket in tickets:
        events_of(ticket)
    assert engine.counts.read_tokens == size
    longer = wanted(PROMPTS[1])
    written(engine, longer)
    assert engine.counts.read_tokens == len(longer.order.prompt)


def test_a_seed_gives_the_same_text_alone_and_in_a_batch_and_another_seed_another(engine: Engine) -> None:
    def sampled(seed: int) -> Ticket:
        return wanted(PROMPTS[0], max_new_tokens=20, sampling=Sampling(1.2, 50, 0.95, 0.01, 1.1, seed=seed))

    alone = sampled(3)
    written(engine, alone)
    together = [sampled(seed) for seed in range(8)]
    written(engine, *together)
    assert together[3].tokens == alone.tokens
    assert len({tuple(ticket.tokens) for ticket in together}) == 8


def test_log_probabilities_of_text_and_prompt_are_the_models_own(engine: Engine) -> None:
    model = tiny_model(VOCABULARY)
    # The second prompt begins like the first one, whose log-probabilities are then known.
    for prompt in (PROMPTS[0], PROMPTS[1], PROMPTS[0]):
        ticket = wanted(prompt, sampling=Sampling(1.0, seed=5), output_logprobs=True, prompt_logprobs=True)
        (events,) = written(engine, ticket)
        own = plain_logprobs(model, (*ticket.order.prompt, *ticket.tokens))
        expected = [0.0] + [float(own[at, token]) for at, token in enumerate(ticket.order.prompt[1:])]
        (started,) = (event for event in events if isinstance(event, Started))
        assert started.logprobs == pytest.approx(expected, abs=1e-4)
        start = len(ticket.order.prompt) - 1
        drawn = [event for event in events if isinstance(event, Drawn)]
        assert [event.logprob for event in drawn] == pytest.approx(
            [float(own[start + at, event.token]) for at, event in enumerate(drawn)], abs=1e-4
        )


def test_samples_with_the_models_probabilities(engine: Engine) -> None:
    model = tiny_model(VOCABULARY)
    prompt = encode(PROMPTS[0])
    probabilities = (plain_logprobs(model, prompt)[-1] / 0.7).softmax(dim=-1)
    tickets = [wanted(PROMPTS[0], max_new_tokens=1, sampling=Sampling(0.7, seed=k)) for k in range(600)]
    for at in range(0, len(tickets), 60):
        written(engine, *tickets[at : at + 60])
    counts = torch.bincount(torch.tensor([ticket.tokens[0] for ticket in tickets]), minlength=VOCABULARY)
    best = probabilities.topk(3).indices
    for token in best.tolist():
        share, p = float(counts[token]) / 600, float(probabilities[token])
        assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / 600)


def test_penalties_act_on_logits_as_vllm_has_them() -> None:
    logits = torch.tensor([[2.0, -1.0, 3.0, 0.5]] * 2)
    repetition, presence = Sampling(repetition_penalty=2.0), Sampling(presence_penalty=1.5)
    penalise(logits, [Row(repetition, 0.0, prompt=[0], text=[1]), Row(presence, 0.0, prompt=[0], text=[1, 1])])
    assert logits.tolist() == [[1.0, -2.0, 3.0, 0.5], [2.0, -2.5, 3.0, 0.5]]


@pytest.mark.parametrize(
    ("sampling", "number", "token"),
    [
        (Sampling(0.0), 0.99, 2),
        (Sampling(1.0), 0.0, 2),
        (Sampling(1.0), 0.59, 2),
        (Sampling(1.0), 0.61, 0),
        (Sampling(1.0), 0.9999999, 3),
        (Sampling(1.0, top_k=2), 0.9999999, 0),
        (Sampling(1.0, top_p=0.6), 0.9999999, 2),
        (Sampling(1.0, top_p=0.7), 0.9999999, 0),
        (Sampling(1.0, min_p=0.2), 0.9999999, 1),
    ],
)
def test_a_number_draws_the_token_in_whose_share_of_the_kept_mass_it_falls(sampling: Sampling, number: float, token: int) -> None:
    logits = torch.tensor([[0.2, 0.13, 0.6, 0.07]]).log()
    assert draw(logits, [Row(sampling, number, prompt=(), text=())]) == [token]


def test_a_text_always_matches_its_grammar_and_ends_where_it_does(engine: Engine) -> None:
    grammar = Grammars(TOKENIZER, VOCABULARY, 0).regex(r"[a-z]{2,6}(?: [a-z]{1,6}){0,2}\n[a-z]{3}")
    tickets = [wanted(PROMPTS[0], grammar=grammar, max_new_tokens=60, sampling=Sampling(2.0, seed=k)) for k in range(16)]
    every = written(engine, *tickets)
    for ticket, events in zip(tickets, every, strict=True):
        assert events[-1] == Ended("stop")
        assert ticket.tokens[-1] == 0
        first, second = TOKENIZER.decode(ticket.tokens[:-1]).split("\n")
        assert all(part.isalpha() for part in first.split(" "))
        assert len(second) == 3


def test_log_probabilities_under_a_grammar_are_those_of_what_it_allows(engine: Engine) -> None:
    grammar = Grammars(TOKENIZER, VOCABULARY, 0).regex("[ab]")
    ticket = wanted(PROMPTS[0], grammar=grammar, sampling=Sampling(1.0, seed=1), output_logprobs=True)
    (events,) = written(engine, ticket)
    own = plain_logprobs(tiny_model(VOCABULARY), ticket.order.prompt)[-1]
    allowed = own[[encode("a")[0], encode("b")[0]]].logsumexp(dim=0)
    drawn = [event for event in events if isinstance(event, Drawn)]
    assert drawn[0].logprob == pytest.approx(float(own[drawn[0].token] - allowed), abs=1e-4)
    assert drawn[1] == Drawn(0, 0.0)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, Any]]:
    folder = tmp_path_factory.mktemp("adapters")
    return {seed: (folder / str(seed), save_adapter(folder / str(seed), VOCABULARY, seed)) for seed in (1, 2)}


def test_texts_under_several_adapters_and_none_are_written_in_one_batch(engine: Engine, adapters: Any) -> None:
    models = {None: tiny_model(VOCABULARY), **{number: model for number, (_, model) in adapters.items()}}
    for number, (folder, _) in adapters.items():
        engine.load_adapter(number, folder)
    for numbers in ([None, 1, 2, 1], [2, 2], [None], [1]):
        tickets = [wanted(PROMPTS[0], adapter=number, max_new_tokens=10) for number in numbers]
        written(engine, *tickets)
        for ticket in tickets:
            assert ticket.tokens == until_end(greedy(models[ticket.order.adapter], ticket.order.prompt, 10))


def test_an_adapter_is_unloaded_once_its_last_text_is_written_and_can_be_loaded_again(engine: Engine, adapters: Any) -> None:
    folder, model = adapters[1]
    engine.load_adapter(1, folder)
    ticket = wanted(PROMPTS[0], adapter=1, max_new_tokens=30)
    engine.submit(ticket)
    engine.unload_adapter(1)
    events_of(ticket)
    assert ticket.tokens == until_end(greedy(model, ticket.order.prompt, 30))
    engine.load_adapter(3, folder)
    again = wanted(PROMPTS[0], adapter=3, max_new_tokens=30)
    written(engine, again)
    assert again.tokens == ticket.tokens


def test_an_adapter_for_another_model_is_refused_and_the_engine_goes_on(engine: Engine, adapters: Any, tmp_path: Path) -> None:
    save_adapter(tmp_path / "other", VOCABULARY, 5, hidden=64)
    with pytest.raises(AdapterError):
        engine.load_adapter(1, tmp_path / "other")
    engine.load_adapter(2, adapters[1][0])
    with pytest.raises(AdapterError):
        engine.load_adapter(3, tmp_path / "other")
    base, adapted = wanted(PROMPTS[0]), wanted(PROMPTS[0], adapter=2)
    written(engine, base, adapted)
    assert base.tokens == until_end(greedy(tiny_model(VOCABULARY), base.order.prompt, 8))
    assert adapted.tokens == until_end(greedy(adapters[1][1], base.order.prompt, 8))


def test_a_cancelled_order_ends_at_once_running_or_waiting() -> None:
    engine = Engine(
        LanguageModel(tiny_model(VOCABULARY)), -1, Limits(max_running=1, max_waiting=4, max_tokens=100000, cached_tokens=0)
    )
    engine.start()
    running, waiting = (wanted(PROMPTS[0], max_new_tokens=90000) for _ in range(2))
    engine.submit(running)
    engine.submit(waiting)
    assert isinstance(running.events.get(timeout=60), Started)
    engine.cancel(waiting)
    engine.cancel(running)
    assert events_of(running)[-1] == Ended("aborted")
    assert events_of(waiting)[-1] == Ended("aborted")
    assert len(running.tokens) < 90000
    engine.close(0)


def test_a_full_queue_refuses_at_once_and_closing_ends_everything() -> None:
    engine = Engine(
        LanguageModel(tiny_model(VOCABULARY)), -1, Limits(max_running=1, max_waiting=0, max_tokens=100000, cached_tokens=0)
    )
    first, second = (wanted(PROMPTS[0], max_new_tokens=90000) for _ in range(2))
    engine.submit(first)
    with pytest.raises(FullError):
        engine.submit(second)
    engine.start()
    assert isinstance(first.events.get(timeout=60), Started)
    engine.close(0)
    assert events_of(first)[-1] == Ended("aborted")
    with pytest.raises(ClosingError):
        engine.submit(second)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out"), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
@pytest.mark.parametrize("steps_before", [0, 1])
def test_a_lack_of_memory_fails_the_texts_at_hand_and_not_the_engine(
    monkeypatch: pytest.MonkeyPatch, error: Exception, steps_before: int
) -> None:
    model = LanguageModel(tiny_model(VOCABULARY))
    whole: Callable[..., Any] = model.step
    engine = Engine(model, 0, LIMITS)
    steps = itertools.count()

    def failing(*arguments: Any) -> Any:
        if next(steps) == steps_before:
            raise error
        return whole(*arguments)

    monkeypatch.setattr(model, "step", failing)
    engine.start()
    (events,) = written(engine, wanted(PROMPTS[0]))
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, FullError)
    assert isinstance(written(engine, wanted(PROMPTS[0]))[0][-1], Ended)
    engine.close(0)


def test_a_dead_end_of_a_grammar_is_told_as_such(engine: Engine) -> None:
    ticket = wanted(PROMPTS[0], grammar=Grammars(TOKENIZER, VOCABULARY, 0).regex("ab"))
    assert ticket.constraint is not None
    ticket.constraint.advance(encode("x")[0])  # breaks it
    (events,) = written(engine, ticket)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, BadGrammarError)
