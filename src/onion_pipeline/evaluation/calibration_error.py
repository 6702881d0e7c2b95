"""How far the confidence of a classifier and the share of its right answers lie apart."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Ids, Probabilities

MOST_BINS = 15
# Of fewer, the share that is right says little of a bin.
FEWEST_IN_BIN = 50
# The p-value is a multiple of 1 / (DRAWS + 1).
DRAWS = 999
ROUNDING = 1e-12
# Numbers that pass through memory at once.
CHUNK = 1 << 22


class ByChance(NamedTuple):
    """A calibration error, beside those that calibrated probabilities would have.

    Args:
        error: of the classifier.
        expected: that of the same probabilities on average, if they are right.
        p_value: how probable an error is then that is as large, or larger.
    """

    error: float
    expected: float
    p_value: float


def compare_with_chance(labels: Ids, probabilities: Probabilities, seed: int = 0) -> ByChance:
    """Compare the calibration error of N images with those that right probabilities would have.

    No test is without an error, since the images in a bin are few. So the answers are drawn anew,
    each right as often as its confidence says, and their errors measured in the same bins.

    Args:
        labels: int64, (N,).
        probabilities: (N, K).
        seed: of the draws.

    Source: Bröcker and Smith, "Increasing the Reliability of Reliability Diagrams", Weather and
    Forecasting 22, 2007 (consistency resampling); Vaicenavicius et al., "Evaluating model
    calibration in classification", AISTATS 2019; the p-value: Davison and Hinkley, "Bootstrap
    Methods and their Application", 1997, section 4.2.
    """
    images, confidence, right = bin_confidences(labels, probabilities)
    error = float(_measure_gaps(right, confidence, images))
    shares = np.sort(probabilities.max(axis=1).astype(np.float64))
    generator, starts = np.random.default_rng(seed), np.cumsum(images) - images
    step, found = max(1, CHUNK // len(shares)), []
    for start in range(0, DRAWS, step):
        drawn = generator.random((min(step, DRAWS - start), len(shares))) < shares
        counts = np.add.reduceat(drawn, starts, axis=1, dtype=np.int64)
        found.append(_measure_gaps(counts, confidence, images))
    errors = np.concatenate(found)
    reached = int((errors >= error - ROUNDING).sum())
    return ByChance(error, float(errors.mean()), (reached + 1) / (DRAWS + 1))


def calibration_error(labels: Ids, probabilities: Probabilities, bins: int | None = None) -> float:
    """Return the expected calibration error of the predicted classes, with bins of equal mass.

    ``sum_b n_b / n |right_b - confidence_b|`` over bins of as many images each, in order of their
    confidence: where most images have nearly 1, bins of equal width would hold all in one. `bins`
    are 15 if that leaves 50 images or more for each, otherwise fewer.

    Source: Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI 2015; equal mass as in Nixon et al., "Measuring Calibration in Deep Learning",
    CVPR workshops 2019.
    """
    images, confidence, right = bin_confidences(labels, probabilities, bins)
    return float(_measure_gaps(right, confidence, images))


def bin_confidences(
    labels: Ids, probabilities: Probabilities, bins: int | None = None
) -> list[NDArray[Any]]:
    """Put images in bins of equal mass, from the least to the most confident ones.

    Returns:
        Of each bin how many images it has, int64; their mean confidence, float64; and how many
        of the answers are right, int64.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_right = probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    bins = bins or min(MOST_BINS, max(1, len(order) // FEWEST_IN_BIN))
    parts = np.array_split(order, min(bins, len(order)))
    found = [(len(rows), confidence[rows].mean(), is_right[rows].sum()) for rows in parts]
    return [*map(np.array, zip(*found, strict=True))]


def _measure_gaps(
    right: NDArray[np.int64], confidence: NDArray[np.float64], images: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the error, float64 (...), of (..., B) right answers in B bins."""
    gaps = np.abs(right - confidence * images).sum(axis=-1)
    return np.asarray(gaps / images.sum())
