import pytest
import torch

from gqr_learner.rollout.order import Sampling
from gqr_learner.rollout.sampling import Row, draw


@pytest.mark.parametrize("top_k", [1, 7, 64])
def test_draws_from_a_long_row_what_sorting_all_of_it_would_give(top_k: int) -> None:
    logits = torch.randn(20, 49152, generator=torch.Generator().manual_seed(3)) * 3
    logits[:4, 200:] = float("-inf")
    logits[4:8, :20] += 20  # many of the best are neighbours
    numbers = [(at + 0.5) / len(logits) for at in range(len(logits))]
    tokens = draw(logits, [Row(Sampling(1.0, top_k), number, prompt=(), text=()) for number in numbers])
    for row, number, token in zip(logits, numbers, tokens, strict=True):
        best, ids = row.sort(descending=True)
        mass = best[:top_k].softmax(dim=0).cumsum(dim=0)
        assert token == int(ids[int((mass < number * mass[-1]).sum())])
