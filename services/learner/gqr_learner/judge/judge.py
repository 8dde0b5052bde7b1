"""The automatic judge: relatedness in three levels and exclusivity of three kinds, each query by itself (paper appendix B.1).

It goes by what the pretrained sentence encoder finds alike and by which words are shared. README.md says how far people agree.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gqr_learner.judge.lists import JudgedList

LEVELS = ("low", "moderate", "high")

RELATED = (0.2, 0.4)
"""Cosine to the user's query from which a query is moderately and highly related.

Of queries that were written for other conversations 19 in 20 are below the first; of those that people wrote for this one, half are
above the second (starter/sft, training rows).
"""
EQUIVALENT = 0.9
"""Cosine from which two queries ask the same."""
ANSWERED = 0.8
"""Cosine to a sentence of the answer from which it says what the query asks."""

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_EMPTY = frozenset(
    "a an the of for to in on at by with and or is are was be do does did i my me you your it its that this what how can "  # noqa: SIM905
    "should there".split()
)
"""Words that tell no two queries apart."""

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Unit vectors, float32 [texts, width]."""


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one query of a list."""

    related: str
    """One of LEVELS. A query that only says the user's own again adds nothing, and so is moderately related at most."""
    cosine: float
    """Cosine of the query to the user's."""
    unlike_query: bool
    """Exclusive with the user's query: it asks something else."""
    unlike_response: bool
    """Exclusive with the answer: it asks for what no sentence of it says."""
    unlike_list: bool
    """Unlike every query that stands before it in the list."""

    @property
    def exclusive(self) -> bool:
        """All three kinds."""
        return self.unlike_query and self.unlike_response and self.unlike_list


def judge(lists: Sequence[JudgedList], encode: Encode) -> list[list[Verdict]]:
    """A verdict for every query of every list, in their order."""
    texts: dict[str, int] = {}
    for each in lists:
        for text in (each.query, *each.queries, *sentences(each.response)):
            texts.setdefault(text, len(texts))
    vectors = encode(list(texts))

    def cosine(a: str, b: str) -> float:
        return float(vectors[texts[a]] @ vectors[texts[b]])

    def same(a: str, b: str) -> bool:
        return cosine(a, b) >= EQUIVALENT or (content(a) == content(b) and len(content(a)) > 0)

    def verdict(each: JudgedList, at: int) -> Verdict:
        query = each.queries[at]
        likeness = cosine(each.query, query)
        to_answer = max((cosine(query, sentence) for sentence in sentences(each.response)), default=1.0)
        unlike_query = not same(each.query, query)
        level = int(likeness >= RELATED[0]) + int(likeness >= RELATED[1] and unlike_query)
        if level == 0 and to_answer < 1 and to_answer >= RELATED[1]:
            # It goes on from the answer where the answer has left the query's words behind.
            level = 1
        return Verdict(
            related=LEVELS[level],
            cosine=likeness,
            unlike_query=unlike_query,
            unlike_response=to_answer < ANSWERED if each.response else True,
            unlike_list=not any(same(query, other) for other in each.queries[:at]),
        )

    return [[verdict(each, at) for at in range(len(each.queries))] for each in lists]


def content(text: str) -> frozenset[str]:
    """The words of a text that tell it apart, in any order."""
    return frozenset(word for word in _WORD.findall(text.lower()) if word not in _EMPTY)


def sentences(text: str) -> list[str]:
    """The sentences of an answer."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]
