"""The input of the click predictor, Fig. 2: `[CLS] q_user q_1 .. q_{k-1} [SEP] q_k`.

Twin of services/ctr/src/domain/input: both must build the same numbers from the same texts. golden.json beside every model and the
fixtures of services/ctr/test hold them together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from gqr_learner.ctr.vocabulary import encoder, special_id

VARIANTS = ("base", "pid", "ctx")
"""base: q_user and q_k. pid: with "_k" after q_k. ctx: Fig. 2, with q_1 .. q_{k-1} (appendix B.2)."""

Encode = Callable[[str], Sequence[int]]
"""Token ids of a text, without special tokens."""


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
        )


@dataclass(frozen=True)
class CtrInput:
    """One input; the three lists are equally long."""

    input_ids: list[int]
    segment_ids: list[int]
    """0 up to and including [SEP], 1 for the target."""
    domain_ids: list[int]
    """0 for [CLS] and q_user, j for q_j, k for the target; [SEP] has that of the token before it."""
    task_id: int


class InputBuilder:
    """Builds inputs from texts."""

    def __init__(self, spec: InputSpec, cls_id: int, sep_id: int, encode: Encode) -> None:
        self.spec = spec
        self._cls_id = cls_id
        self._sep_id = sep_id
        self._encode = encode

    def build(self, task: str, query: str, chosen: Sequence[str], candidate: str) -> CtrInput:
        """The input for `candidate` at position len(chosen) + 1 of a list.

        What is too long is cut: the target's tail beyond max_length - 3 tokens, then the preceding queries from the oldest token
        on, then the tail of q_user.
        """
        spec = self.spec
        position = len(chosen) + 1
        is_ctx = spec.variant == "ctx"
        # Without context a position must not leak in by its domain.
        target_domain = self._domain(position) if is_ctx else 1

        mark = list(self._encode(f"_{position}")) if spec.variant == "pid" else []
        target = [*self._encode(candidate)[: spec.max_length - 3 - len(mark)], *mark]
        room = spec.max_length - 2 - len(target)

        user = list(self._encode(query))
        context: list[tuple[int, int]] = []
        if is_ctx:
            for j, text in enumerate(chosen, start=1):
                context += [(token, self._domain(j)) for token in self._encode(text)]
        kept = max(0, min(len(context), room - len(user)))
        context = context[len(context) - kept :]
        user = user[: room - kept]

        before = [(self._cls_id, 0), *((token, 0) for token in user), *context]
        before.append((self._sep_id, before[-1][1]))
        return CtrInput(
            input_ids=[*(token for token, _ in before), *target],
            segment_ids=[0] * len(before) + [1] * len(target),
            domain_ids=[*(domain for _, domain in before), *([target_domain] * len(target))],
            task_id=spec.tasks.get(task, spec.unknown_task),
        )

    def _domain(self, position: int) -> int:
        return min(position, self.spec.max_domains - 1)


def builder_of(spec: InputSpec, tokenizer: Tokenizer) -> InputBuilder:
    """The builder of a model with this layout and tokenizer. Raises ValueError if its [CLS] or [SEP] is missing."""
    return InputBuilder(spec, special_id(tokenizer, spec.cls_token), special_id(tokenizer, spec.sep_token), encoder(tokenizer))
