"""The trained network as ONNX, and the proof that both say the same."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from gqr_learner.ctr.instances import Batch, Instances
from gqr_learner.ctr.model import INPUT_NAMES, CtrModel
from gqr_learner.worker import LearnerError

OPSET = 20
PARITY_BOUND = 1e-4
"""Largest difference between the probabilities of PyTorch and ONNX Runtime; the services' self-test has the same bound."""

PARITY_SHAPES = ((1, 8), (7, 3), (64, 4))
"""Batches for the parity check: size, and how many of them."""


class Scorer(nn.Module):
    """The network with probabilities for logits."""

    def __init__(self, model: CtrModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor, task_ids: Tensor
    ) -> Tensor:
        """Click probabilities, float [batch]."""
        return torch.sigmoid(self.model(input_ids, segment_ids, domain_ids, attention_mask, task_ids))


def export_onnx(model: CtrModel, example: Batch, path: Path) -> None:
    """Writes model.onnx: inputs INPUT_NAMES of any batch size and length, output "probability", float32 [batch]."""
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
        output_names=["probability"],
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
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path)


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """The exported model in ONNX Runtime on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_session(session: onnxruntime.InferenceSession, batch: Batch) -> npt.NDArray[np.float32]:
    """Click probabilities of a batch."""
    feed = {name: tensor.numpy() for name, tensor in zip(INPUT_NAMES, batch, strict=True)}
    (probability,) = session.run(["probability"], feed)
    return np.asarray(probability)


def check_parity(model: CtrModel, session: onnxruntime.InferenceSession, instances: Sequence[Instances], seed: int) -> float:
    """The largest difference between PyTorch and ONNX Runtime over batches of several sizes and lengths.

    Raises:
        LearnerError: if it is above PARITY_BOUND.
    """
    rng = np.random.default_rng(seed)
    scorer = Scorer(model).eval()
    worst = 0.0
    for data in instances:
        for size, times in PARITY_SHAPES:
            for _ in range(times):
                batch = data.batch(rng.integers(len(data), size=size))
                with torch.inference_mode():
                    expected = scorer(*batch).numpy()
                worst = max(worst, float(np.abs(expected - run_session(session, batch)).max()))
    if not worst <= PARITY_BOUND:
        raise LearnerError(
            f"the ONNX model differs from the trained network by {worst:.2e}, more than {PARITY_BOUND:.0e}",
            "report this with the versions in the model's report.json; the model must not serve",
        )
    return worst
