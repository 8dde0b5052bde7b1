"""Inputs a second of a click predictor of BERT-base size, by precision, batch and length: PyTorch on a GPU, or the CPU.

The reference for serving on a GPU where ONNX Runtime's GPU libraries are not at hand. `python benchmarks/ctr_on_device.py` in the
learner's folder prints one table a precision and the ratio of fp16 to fp32. The weights are random: how long a product of matrices
takes does not depend on them.
"""

import argparse
import time
from collections.abc import Callable

import torch

from gqr_learner.ctr.model import Architecture, CtrModel

BERT_BASE = Architecture(
    layers=12,
    hidden=768,
    heads=12,
    intermediate=3072,
    dropout=0.0,
    vocabulary=30_522,
    max_length=512,
    max_domains=16,
    tasks=4,
)


def inputs_of(batch: int, length: int, device: torch.device) -> tuple[torch.Tensor, ...]:
    """Random inputs without padding, in the order of CtrModel.forward."""
    ids = torch.randint(5, BERT_BASE.vocabulary, (batch, length), device=device)
    target = torch.arange(length, device=device) >= length // 2
    segments = target.long().expand(batch, -1).contiguous()
    return ids, segments, segments * 2, torch.ones_like(ids), torch.ones(batch, dtype=torch.int64, device=device)


def seconds_of(work: Callable[[], object], device: torch.device, at_least: float) -> float:
    """Median time of a call, after a warm-up."""

    def timed() -> float:
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    for _ in range(3):
        timed()
    times, until = [], time.perf_counter() + at_least
    while time.perf_counter() < until or len(times) < 3:
        times.append(timed())
    return sorted(times)[len(times) // 2]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", default="1,8,32,128,512", help="inputs a batch, with commas between")
    parser.add_argument("--lengths", default="16,32,64,96", help="tokens an input, with commas between")
    parser.add_argument("--seconds", type=float, default=0.3, help="time for each figure")
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    batches, lengths = ([int(each) for each in text.split(",")] for text in (options.batches, options.lengths))
    print(f"{name}, PyTorch {torch.__version__}, 12 layers of width 768; inputs a second, and milliseconds of a batch")
    model = CtrModel(BERT_BASE).eval().to(device)
    speeds: dict[tuple[str, int, int], float] = {}
    precisions = {"fp32": torch.float32, **({"fp16": torch.float16} if device.type == "cuda" else {})}
    for precision, dtype in precisions.items():
        network = model.to(dtype)
        print(f"\n{precision:>12} " + "".join(f"{length:>5} tokens    " for length in lengths))
        for batch in batches:
            row = f"{batch:>6} inputs "
            for length in lengths:
                inputs = inputs_of(batch, length, device)
                with torch.inference_mode():
                    seconds = seconds_of(lambda network=network, inputs=inputs: network(*inputs), device, options.seconds)
                speeds[precision, batch, length] = batch / seconds
                row += f"{batch / seconds:>7.0f} {seconds * 1000:>6.1f} ms "
            print(row)
    if "fp16" in precisions:
        print("\nfp16 / fp32  " + "".join(f"{length:>5} tokens    " for length in lengths))
        for batch in batches:
            ratios = (speeds["fp16", batch, length] / speeds["fp32", batch, length] for length in lengths)
            print(f"{batch:>6} inputs " + "".join(f"{ratio:>12.2f}    " for ratio in ratios))


if __name__ == "__main__":
    main()
