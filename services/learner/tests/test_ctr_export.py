from pathlib import Path

import numpy as np
import pytest
import torch

from gqr_learner.ctr.export import PARITY_BOUNDS, PRECISIONS, check_parity, export_onnx, open_session
from gqr_learner.ctr.input import CtrInput
from gqr_learner.ctr.instances import Instances, pack
from gqr_learner.ctr.model import Architecture, CtrModel
from gqr_learner.worker import LearnerError

SIZES = Architecture(
    layers=2, hidden=32, heads=2, intermediate=64, dropout=0.1, vocabulary=200, max_length=32, max_domains=5, tasks=3
)


def network(seed: int) -> CtrModel:
    torch.manual_seed(seed)
    made = CtrModel(SIZES).eval()
    torch.nn.init.normal_(made.head[-1].weight, std=0.5)  # type: ignore[arg-type]
    return made


def instances(seed: int) -> Instances:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 30, 200)
    inputs = [
        CtrInput(
            rng.integers(4, 200, n).tolist(), [*([0] * (n - 2)), 1, 1], rng.integers(0, 5, n).tolist(), int(rng.integers(0, 3))
        )
        for n in lengths
    ]
    return pack(inputs, [0] * len(inputs))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    for precision in PRECISIONS:
        export_onnx(network(1), instances(2).batch(range(8)), folder / precision, precision)
    return folder


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_is_near_the_network_and_ranks_as_it_does(precision: str, exported: Path) -> None:
    model, data = network(1), instances(2)
    parity = check_parity(model, open_session(exported / precision), [data], 3, precision)
    assert parity.largest_difference <= PARITY_BOUNDS[precision]
    assert parity.mean_difference <= parity.largest_difference
    assert parity.rank_agreement > (0.95 if precision == "int8" else 0.99)
    assert parity.to_json()["precision"] == precision


def test_int8_and_fp16_are_smaller(exported: Path) -> None:
    sizes = {precision: (exported / precision).stat().st_size for precision in PRECISIONS}
    assert sizes["fp16"] < 0.8 * sizes["fp32"]
    assert sizes["int8"] < sizes["fp32"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_another_network_is_refused(precision: str, exported: Path) -> None:
    data = instances(2)
    with pytest.raises(LearnerError, match=f"in {precision} differs"):
        check_parity(network(9), open_session(exported / precision), [data], 3, precision)
