"""When a classifier had better not answer: how sure it must be, and what that costs."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Probabilities
from onion_pipeline.evaluation.intervals import wilson_interval

ROUNDING = 1e-12
UNREACHED = 2.0  # a threshold that no confidence reaches

Flags = NDArray[np.bool_]


class Curve(NamedTuple):
    """What is gained by answering only the surest images.

    Args:
        threshold: float64, (N,), falling: the confidence from which on images are answered.
        coverage: float64, (N,): the share of images that are answered.
        risk: float64, (N,): the share of mistakes among these.
    """

    threshold: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]


def trace_risk(confidence: Probabilities, is_right: Flags) -> Curve:
    """Return the risk-coverage curve of N images; equally sure ones are answered together.

    Source: El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification",
    Journal of Machine Learning Research 11, 2010.
    """
    order = np.argsort(-confidence, kind="stable")
    sure = confidence[order].astype(np.float64)
    answered = np.arange(1, len(order) + 1)
    mistakes = np.cumsum(~is_right[order])
    ends = np.searchsorted(-sure, -sure, side="right") - 1
    return Curve(sure, answered[ends] / len(order), mistakes[ends] / answered[ends])


def choose_threshold(
    confidence: Probabilities,
    is_right: Flags,
    target_accuracy: float | None = None,
    target_coverage: float | None = None,
) -> float | None:
    """Return the confidence from which on images are answered, so that most are.

    Args:
        confidence: (N,), of the predicted classes of the validation images.
        is_right: (N,), whether these are the right ones.
        target_accuracy: that the answers are to have.
        target_coverage: the share of images that are to be answered, instead.

    Returns:
        ``None`` where nothing is asked: every answer counts. 0 where all may be answered;
        :data:`UNREACHED` if the accuracy is not reached by any threshold.
    """
    curve = trace_risk(confidence, is_right)
    if target_accuracy is not None:
        fits = np.flatnonzero(curve.risk <= 1 - target_accuracy + ROUNDING)
    elif target_coverage is not None:
        fits = np.flatnonzero(curve.coverage >= target_coverage - ROUNDING)[:1]
    else:
        return None
    if not len(fits):
        return UNREACHED
    chosen = int(fits[-1])
    return 0.0 if curve.coverage[chosen] == 1 else float(curve.threshold[chosen])


def measure_abstention(
    confidence: Probabilities, is_right: Flags, threshold: float | None, confidence_level: float
) -> dict[str, Any]:
    """Return what a threshold of :func:`choose_threshold` does to N test images, (N,) each.

    Returns:
        ``answered`` (a share); ``answered_accuracy`` and ``answered_accuracy_interval`` (Wilson),
        left out where nothing is answered; ``risk_coverage_area``, the mean of the risk over all
        coverages: 0 if the mistakes could be told apart without fail, and there are none.

    Source: of the area, Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks",
    NeurIPS 2017.
    """
    area = float(trace_risk(confidence, is_right).risk.mean())
    is_answered = confidence >= (threshold or 0.0)
    measured = {"risk_coverage_area": area, "answered": float(is_answered.mean())}
    if not is_answered.any():
        return measured
    right, total = int(is_right[is_answered].sum()), int(is_answered.sum())
    return {
        **measured,
        "answered_accuracy": right / total,
        "answered_accuracy_interval": wilson_interval(right, total, confidence_level).tolist(),
    }
