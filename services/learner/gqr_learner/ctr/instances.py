"""Training instances: N of each impression, one a shown query."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gqr_learner.ctr.impressions import Impressions
from gqr_learner.ctr.input import CtrInput, InputBuilder

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""The inputs of the network in their order: ids, segments, domains and mask, int64 [batch, length], and tasks, int64 [batch]."""


@dataclass(frozen=True)
class Instances:
    """Inputs with their labels. Ids of all inputs lie one after the other; input i has those from offsets[i] to offsets[i + 1]."""

    tokens: npt.NDArray[np.int32]
    """[3, sum of lengths]: ids, segments and domains."""
    offsets: npt.NDArray[np.int64]
    tasks: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of tokens of each input."""
        return np.diff(self.offsets)

    def batch(self, chosen: Sequence[int] | npt.NDArray[np.int64]) -> Batch:
        """The inputs of some instances, padded to the longest of them."""
        lengths = self.lengths[chosen]
        shape = (3, len(chosen), int(lengths.max()))
        padded = np.zeros(shape, dtype=np.int64)
        mask = np.arange(shape[2]) < lengths[:, None]
        for row, index in enumerate(chosen):
            padded[:, row, : lengths[row]] = self.tokens[:, self.offsets[index] : self.offsets[index + 1]]
        ids, segments, domains = torch.from_numpy(padded)
        return (
            ids,
            segments,
            domains,
            torch.from_numpy(mask.astype(np.int64)),
            torch.from_numpy(self.tasks[chosen].astype(np.int64)),
        )


def pack(inputs: Sequence[CtrInput], labels: Sequence[int] | npt.NDArray[np.int8]) -> Instances:
    """Lays inputs one after the other."""
    columns = [[x.input_ids for x in inputs], [x.segment_ids for x in inputs], [x.domain_ids for x in inputs]]
    tokens = np.array([[id for ids in column for id in ids] for column in columns], dtype=np.int32)
    offsets = np.cumsum([0, *(len(x.input_ids) for x in inputs)])
    return Instances(tokens, offsets, np.array([x.task_id for x in inputs], dtype=np.int32), np.array(labels, dtype=np.int8))


def build_instances(impressions: Impressions, builder: InputBuilder, on_list: Callable[[], None]) -> Instances:
    """The instances of all impressions, in the order of `impressions.labels()`."""
    inputs: list[CtrInput] = []
    for row in impressions.rows:
        on_list()
        inputs += [
            builder.build(row.task, row.query, row.queries[:k], row.queries[k], row.sources) for k in range(len(row.queries))
        ]
    return pack(inputs, impressions.labels())


def batches_by_length(lengths: npt.NDArray[np.int64], size: int) -> list[npt.NDArray[np.int64]]:
    """All instances in batches of like length, for prediction."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]


POOL = 32
"""Batches that are sorted by length together: enough to pad little, few enough to keep batches random."""


def shuffled_batches(lengths: npt.NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """All instances in random batches of like length, for training."""
    order = rng.permutation(len(lengths))
    batches: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    for index in rng.permutation(len(batches)):
        yield batches[index]
