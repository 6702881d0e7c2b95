"""Sets of classes that hold the right one as often as promised: split conformal prediction."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Ids, Probabilities


def find_conformal_threshold(labels: Ids, probabilities: Probabilities, coverage: float) -> float:
    """Return the least probability that a class needs to be in a set.

    N validation images have these `labels`, (N,), and `probabilities`, (N, K): of those of the
    right classes it is the one that ``ceil((N + 1) coverage)`` of them reach. The classes of a new
    image that reach it, too, hold the right one with probability `coverage` or more, if that image
    comes from where the N came from: whatever the network is. This score gives the smallest sets on
    average; it promises nothing for each class by itself. The promise is for images that nothing
    was chosen by. The validation images have chosen the epoch and the temperature, two choices
    among few, which makes it slightly optimistic: the test images say how much.

    Returns:
        0, by which sets hold every class, if N is too small for `coverage`.

    Source: Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers With Bounded Error
    Levels", Journal of the American Statistical Association 114, 2019; Angelopoulos and Bates,
    "A Gentle Introduction to Conformal Prediction", arXiv:2107.07511.
    """
    needed = ceil((len(labels) + 1) * coverage - 1e-9)
    if needed > len(labels):
        return 0.0
    right = probabilities[np.arange(len(labels)), labels]
    return float(np.sort(right)[::-1][needed - 1])


def form_prediction_sets(probabilities: Probabilities, threshold: float) -> NDArray[np.bool_]:
    """Return which classes are in the set of each image, bool (N, K); the likeliest always is."""
    sets = probabilities >= threshold
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return sets


def measure_sets(labels: Ids, probabilities: Probabilities, threshold: float) -> dict[str, float]:
    """Return how the sets of M test images turn out, with (M,) labels and (M, K) probabilities.

    Returns:
        ``set_coverage``, the share of sets that hold the right class; ``set_size``, the mean;
        ``sets_of_several``, the share of sets with more than one class; and
        ``set_coverage_of_threshold``: that of the classes which reach the threshold by themselves.
        The promise is about these; a good network names the right class so often that its sets,
        which always have the likeliest one, hold more, whatever the threshold.
    """
    sets, rows = form_prediction_sets(probabilities, threshold), np.arange(len(labels))
    sizes = sets.sum(axis=1)
    return {
        "set_coverage": float(sets[rows, labels].mean()),
        "set_coverage_of_threshold": float((probabilities[rows, labels] >= threshold).mean()),
        "set_size": float(sizes.mean()),
        "sets_of_several": float((sizes > 1).mean()),
    }


def expect_coverage(
    coverage: float, calibrated_on: int, images: int, confidence_level: float
) -> tuple[float, float]:
    """Return between which shares of test images the coverage lies by chance.

    Over all draws of N validation images, `calibrated_on`, and of M test `images`, how many of M
    sets hold the right class is beta-binomial with ``k = ceil((N + 1) coverage)`` and
    ``N + 1 - k``.

    Source: Vovk, "Conditional Validity of Inductive Conformal Predictors", ACML 2012; Angelopoulos
    and Bates, section 3.
    """
    from scipy.stats import betabinom

    needed = ceil((calibrated_on + 1) * coverage - 1e-9)
    if needed > calibrated_on:
        return 1.0, 1.0
    low, high = betabinom(images, needed, calibrated_on + 1 - needed).interval(confidence_level)
    return float(low) / images, float(high) / images
