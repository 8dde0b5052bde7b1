"""The trained network as ONNX, and the proof that both say the same."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch import Tensor, nn

from gqr_learner.ctr.instances import Batch, Instances
from gqr_learner.ctr.model import INPUT_NAMES, CtrModel, predicted
from gqr_learner.worker import LearnerError

OPSET = 20
OUTPUT_NAMES = ("probability", "uncertainty")
PARITY_BOUNDS = {"fp32": 1e-4, "fp16": 5e-3, "int8": 5e-2}
"""Largest difference between the probabilities of PyTorch and ONNX Runtime by precision; those of the service's self-test too.

Those of fp16 and int8 are several times what was measured on trained models (README.md): a damaged network is off by more. In int8
the scale of activations is that of a whole batch, so that a probability depends a little on what is scored beside it.
"""
PRECISIONS = tuple(PARITY_BOUNDS)

PARITY_SHAPES = ((1, 8), (7, 3), (64, 4))
"""Batches for the parity check: size, and how many of them."""


class Scorer(nn.Module):
    """The network with probabilities for logits."""

    def __init__(self, model: CtrModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor, task_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Click probabilities and their uncertainties, float [batch] each."""
        return predicted(self.model, (input_ids, segment_ids, domain_ids, attention_mask, task_ids))


def export_onnx(model: CtrModel, example: Batch, path: Path, precision: str = "fp32") -> None:
    """Writes model.onnx in one of PRECISIONS: inputs INPUT_NAMES of any size and length, outputs OUTPUT_NAMES, float32 [batch]."""
    batch, length = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
    # A size of 1 in the example would be taken for a constant.
    assert example[0].shape[0] > 1
    assert example[0].shape[1] > 1
    program = torch.onnx.export(
        Scorer(model).eval(),
        example,
        dynamo=True,
        opset_version=OPSET,
        input_names=list(INPUT_NAMES),
        output_names=list(OUTPUT_NAMES),
        dynamic_shapes=tuple({0: batch, 1: length} if tensor.dim() == 2 else {0: batch} for tensor in example),
        external_data=False,
        verbose=False,
    )
    assert program is not None
    proto = program.model_proto
    # The exporter notes where in the sources of this machine each node comes from.
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.initializer, *proto.functions):
        del part.metadata_props[:]
        part.doc_string = ""
    converted = _CONVERSIONS[precision](proto)
    onnx.checker.check_model(converted, full_check=True)
    onnx.save(converted, path)


def _to_fp16(proto: onnx.ModelProto) -> onnx.ModelProto:
    return convert_float_to_float16(proto, keep_io_types=True)


def _to_int8(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Weights of products as int8 by channel, activations quantised as they come."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantize_dynamic(proto, path, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True)
        return onnx.load(path)


_CONVERSIONS: dict[str, Callable[[onnx.ModelProto], onnx.ModelProto]] = {
    "fp32": lambda proto: proto,
    "fp16": _to_fp16,
    "int8": _to_int8,
}


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """The exported model in ONNX Runtime on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_session(session: onnxruntime.InferenceSession, batch: Batch) -> npt.NDArray[np.float32]:
    """Click probabilities of a batch, float32 [batch]."""
    probabilities: npt.NDArray[np.float32] = run_both(session, batch)[0]
    return probabilities


def run_both(session: onnxruntime.InferenceSession, batch: Batch) -> npt.NDArray[np.float32]:
    """Click probabilities of a batch and their uncertainties, float32 [2, batch]."""
    feed = {name: tensor.numpy() for name, tensor in zip(INPUT_NAMES, batch, strict=True)}
    both: npt.NDArray[np.float32] = np.array(session.run(list(OUTPUT_NAMES), feed), dtype=np.float32)
    return both


@dataclass(frozen=True)
class Parity:
    """How far the exported model is from the trained network."""

    precision: str
    largest_difference: float
    mean_difference: float
    """Mean of the absolute differences."""
    rank_agreement: float
    """Share of the pairs of inputs that both tell apart that both put into the same order."""

    def to_json(self) -> dict[str, Any]:
        """For the metrics."""
        return {
            "precision": self.precision,
            "bound": PARITY_BOUNDS[self.precision],
            "largestDifference": self.largest_difference,
            "meanDifference": self.mean_difference,
            "rankAgreement": self.rank_agreement,
        }


def check_parity(
    model: CtrModel, session: onnxruntime.InferenceSession, instances: Sequence[Instances], seed: int, precision: str = "fp32"
) -> Parity:
    """Compares PyTorch and ONNX Runtime over batches of several sizes and lengths; uncertainties are held to the same bound.

    Raises:
        LearnerError: if the largest difference is above PARITY_BOUNDS[precision].
    """
    rng = np.random.default_rng(seed)
    scorer = Scorer(model).eval()
    pairs = []
    for data in instances:
        for size, times in PARITY_SHAPES:
            for _ in range(times):
                batch = data.batch(rng.integers(len(data), size=size))
                with torch.inference_mode():
                    pairs.append(np.stack([torch.stack(scorer(*batch)).numpy(), run_both(session, batch)]))
    both = np.concatenate(pairs, axis=2)
    worst = float(np.abs(both[0] - both[1]).max())
    expected, exported = both[:, 0]
    bound = PARITY_BOUNDS[precision]
    if not worst <= bound:
        raise LearnerError(
            f"the ONNX model in {precision} differs from the trained network by {worst:.2e}, more than {bound:.0e}",
            "set precision to fp32; if it says so of fp32, report it with the versions in the model's report.json",
        )
    return Parity(precision, worst, float(np.abs(expected - exported).mean()), _agreement(expected, exported))


def _agreement(expected: npt.NDArray[np.float32], exported: npt.NDArray[np.float32]) -> float:
    orders = [np.sign(np.subtract.outer(values, values)) for values in (expected, exported)]
    told_apart = (orders[0] != 0) & (orders[1] != 0)
    return float((orders[0] == orders[1])[told_apart].mean()) if told_apart.any() else 1.0
