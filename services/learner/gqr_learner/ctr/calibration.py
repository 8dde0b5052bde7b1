"""Brings click probabilities to the level of the days after training, task by task: Platt scaling with a prior.

A network that ranks well can still be too sure of itself, and clicks of a new place come at another rate than those that it was
trained on. A scale and a shift of the logit, fitted on the validation slice, mend both and change no order within a task.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

SCALE_DEVIATION = 0.3
SHIFT_DEVIATION = 1.0
"""Of the normal prior around scale 1 (on the logarithm) and shift 0: a handful of clicks must not turn a prediction over."""


@dataclass(frozen=True)
class Calibration:
    """Calibrated logit = scale * logit + shift, float [tasks] each, by task id."""

    scale: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]

    def undo(
        self, probabilities: npt.NDArray[np.float64], tasks: npt.NDArray[np.int32], seen: npt.NDArray[np.float64] | float = 1.0
    ) -> npt.NDArray[np.float64]:
        """What calibrated probabilities of instances of these tasks were before; `seen` is the examination that is part of them."""
        logits = (logits_of(probabilities / seen) - self.shift[tasks]) / self.scale[tasks]
        before: npt.NDArray[np.float64] = seen / (1 + np.exp(-logits))
        return before


def logits_of(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logits of probabilities, of which those next to a bound are taken for 1e-7 away from it."""
    inside = np.clip(probabilities, 1e-7, 1 - 1e-7)
    logits: npt.NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return logits


def fit(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int8], seen: npt.NDArray[np.float64] | None = None
) -> tuple[float, float]:
    """Scale and shift that make `scale * logits + shift` most probable, given clicks `labels`.

    With `seen`, the examination of each, they are logits of a click on what is looked at.
    """
    looked_at = np.ones(len(labels)) if seen is None else seen
    with np.errstate(divide="ignore"):
        unseen = np.log1p(-looked_at)

    def penalty(parameters: npt.NDArray[np.float64]) -> float:
        log_scale, shift = parameters
        calibrated = np.log(looked_at) - np.logaddexp(-np.exp(log_scale) * logits - shift, unseen)
        loss = np.logaddexp(0, np.where(labels == 1, -calibrated, calibrated)).sum()
        return float(loss + (log_scale / SCALE_DEVIATION) ** 2 / 2 + (shift / SHIFT_DEVIATION) ** 2 / 2)

    found = minimize(penalty, np.zeros(2), method="BFGS")
    return float(np.exp(found.x[0])), float(found.x[1])


def calibrate_by_task(
    logits: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int8],
    tasks: npt.NDArray[np.int32],
    count: int,
    seen: npt.NDArray[np.float64] | None = None,
) -> Calibration:
    """The calibration of `count` tasks. A task without instances gets those of all instances together. `seen` as in `fit`."""

    def of(chosen: npt.NDArray[np.bool_]) -> tuple[float, float]:
        return fit(logits[chosen], labels[chosen], None if seen is None else seen[chosen])

    together = of(np.ones(len(labels), dtype=bool))
    fitted = [of(tasks == task) if (tasks == task).any() else together for task in range(count)]
    return Calibration(np.array([scale for scale, _ in fitted]), np.array([shift for _, shift in fitted]))
