"""The input of the click predictor, Fig. 2: `[CLS] q_user q_1 .. q_{k-1} [SEP] q_k`; in variant src with sources after q_user.

Twin of services/ctr/src/domain/input: both must build the same numbers from the same texts. golden.json beside every model and the
fixtures of services/ctr/test hold them together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from gqr_learner.ctr.vocabulary import encoder, special_id

VARIANTS = ("base", "pid", "ctx", "src")
"""base: q_user and q_k. pid: with "_k" after q_k. ctx: Fig. 2, with q_1 .. q_{k-1} (appendix B.2).

src: as ctx, with the AI answer, the user's earlier queries and co-occurrence queries after q_user (in the direction of arXiv
2507.04072).
"""

CHARACTERS_A_TOKEN = 8
"""Of each text of a source so many characters are read for each token that is kept: it can be a hundred times longer.

For the same reason no more texts of a source are read than tokens are kept: the last of the history, the first of co-occurrence.
"""

Encode = Callable[[str], Sequence[int]]
"""Token ids of a text, without special tokens."""


@dataclass(frozen=True)
class Sources:
    """What is known beside the query, for variant src."""

    answer: str = ""
    """The AI's answer to q_user."""
    history: Sequence[str] = ()
    """Earlier queries of the session, oldest first."""
    cooccurrence: Sequence[str] = ()
    """Queries that other users asked along with q_user, the most frequent first."""


NO_SOURCES = Sources()


@dataclass(frozen=True)
class InputSpec:
    """How the input is built; input.json of a model."""

    variant: str
    max_length: int
    """Most tokens of an input, [CLS] and [SEP] included."""
    max_domains: int
    """Number of domain embeddings; positions from the last one on share it."""
    tasks: Mapping[str, int]
    """Ids of the task embedding by task."""
    unknown_task: int = 0
    """Id for any other task."""
    cls_token: str = "[CLS]"
    sep_token: str = "[SEP]"
    """Tokens of the tokenizer that stand for [CLS] and [SEP]."""
    source_tokens: int = 24
    """Most tokens of each source in variant src."""

    @property
    def domains(self) -> int:
        """Number of domain embeddings: those of positions, and in variant src one more for each source."""
        return self.max_domains + self.sources

    @property
    def sources(self) -> int:
        """Number of sources that the input has beside the query."""
        return 3 if self.variant == "src" else 0

    def to_json(self) -> dict[str, Any]:
        """The content of input.json."""
        return {
            "variant": self.variant,
            "maxLength": self.max_length,
            "maxDomains": self.max_domains,
            "tasks": dict(self.tasks),
            "unknownTask": self.unknown_task,
            "tokenizer": "tokenizer.json",
            "clsToken": self.cls_token,
            "sepToken": self.sep_token,
            "sourceTokens": self.source_tokens,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "InputSpec":
        """The reverse of to_json."""
        return InputSpec(
            value["variant"],
            value["maxLength"],
            value["maxDomains"],
            value["tasks"],
            value["unknownTask"],
            # Models of before there were others have BERT's.
            value.get("clsToken", "[CLS]"),
            value.get("sepToken", "[SEP]"),
            value.get("sourceTokens", 24),
        )


@dataclass(frozen=True)
class CtrInput:
    """One input; the three lists are equally long."""

    input_ids: list[int]
    segment_ids: list[int]
    """0 up to and including [SEP], 1 for the target."""
    domain_ids: list[int]
    """0 for [CLS] and q_user, j for q_j, k for the target; [SEP] has that of the token before it.

    The sources of variant src have those from max_domains on: answer, history, co-occurrence.
    """
    task_id: int


class InputBuilder:
    """Builds inputs from texts."""

    def __init__(self, spec: InputSpec, cls_id: int, sep_id: int, encode: Encode) -> None:
        self.spec = spec
        self._cls_id = cls_id
        self._sep_id = sep_id
        self._encode = encode

    def build(self, task: str, query: str, chosen: Sequence[str], candidate: str, sources: Sources = NO_SOURCES) -> CtrInput:
        """The input for `candidate` at position len(chosen) + 1 of a list.

        What is too long is cut: the target's tail beyond max_length - 3 tokens, then the sources (history from the oldest token on,
        the answer's tail, the last co-occurrence queries), then the preceding queries from the oldest token on, then the tail of
        q_user.
        """
        spec = self.spec
        position = len(chosen) + 1
        has_context = spec.variant in ("ctx", "src")
        # Without context a position must not leak in by its domain.
        target_domain = self._domain(position) if has_context else 1

        mark = self.mark(position) if spec.variant == "pid" else []
        target = [*self._encode(candidate)[: spec.max_length - 3 - len(mark)], *mark]
        room = spec.max_length - 2 - len(target)

        user = list(self._encode(query))
        context: list[tuple[int, int]] = []
        if has_context:
            for j, text in enumerate(chosen, start=1):
                context += [(token, self._domain(j)) for token in self._encode(text)]
        kept = max(0, min(len(context), room - len(user)))
        context = context[len(context) - kept :]
        user = user[: room - kept]

        beside = self._sources(sources, room - kept - len(user)) if spec.variant == "src" else []
        before = [(self._cls_id, 0), *((token, 0) for token in user), *beside, *context]
        before.append((self._sep_id, before[-1][1]))
        return CtrInput(
            input_ids=[*(token for token, _ in before), *target],
            segment_ids=[0] * len(before) + [1] * len(target),
            domain_ids=[*(domain for _, domain in before), *([target_domain] * len(target))],
            task_id=spec.tasks.get(task, spec.unknown_task),
        )

    def mark(self, position: int) -> list[int]:
        """The last tokens of a target in variant pid, which tell its position."""
        return list(self._encode(f"_{position}"))

    def _sources(self, sources: Sources, room: int) -> list[tuple[int, int]]:
        """At most `room` tokens of the sources with their domains, and of each at most source_tokens."""
        most = self.spec.source_tokens

        def read(texts: Sequence[str]) -> list[int]:
            return [token for text in texts for token in self._encode(text[: most * CHARACTERS_A_TOKEN])]

        cooccurrence = read(sources.cooccurrence[:most])[: min(most, room)]
        answer = read([sources.answer])[: min(most, room - len(cooccurrence))]
        history = read(sources.history[-most:])
        history = history[max(0, len(history) - min(most, room - len(cooccurrence) - len(answer))) :]
        return [
            (token, self.spec.max_domains + number)
            for number, tokens in enumerate((answer, history, cooccurrence))
            for token in tokens
        ]

    def _domain(self, position: int) -> int:
        return min(position, self.spec.max_domains - 1)


def builder_of(spec: InputSpec, tokenizer: Tokenizer) -> InputBuilder:
    """The builder of a model with this layout and tokenizer. Raises ValueError if its [CLS] or [SEP] is missing."""
    return InputBuilder(spec, special_id(tokenizer, spec.cls_token), special_id(tokenizer, spec.sep_token), encoder(tokenizer))
