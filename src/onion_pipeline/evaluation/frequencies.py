"""How often each class comes: what a network takes for granted, and what its answers add up to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import ClassFrequencies, DataFrame, Ids, Probabilities

# A class whose probabilities are all 0 or 1 would have no variance.
SMALLEST = 1e-12


class Frequencies(NamedTuple):
    """Of each class what its probabilities add up to, and whether chance explains its count.

    Args:
        expected: float64, (K,): the sum of the probabilities over the images.
        p_values: float64, (K,): how probable, if the probabilities are right, a count is that is
            as far or further from their sum; corrected for the number of classes.
    """

    expected: NDArray[np.float64]
    p_values: NDArray[np.float64]


def count_training(splits: DataFrame, class_names: Sequence[str]) -> NDArray[np.int64]:
    """Return how many images of each class are for training, int64 (K,)."""
    labels = splits.loc[splits["split"] == "train", "label"]
    return labels.value_counts().reindex(class_names, fill_value=0).to_numpy(np.int64)


def find_shifts(
    counts: NDArray[np.int64], is_weighted: bool, wanted: ClassFrequencies
) -> NDArray[np.float64]:
    """Return what is added to the scores of the classes, so that answers are for `wanted`.

    A network that is trained with weights by which all classes count alike answers as if all came
    equally often: to have the frequencies of training back, the logarithm of each is added to its
    score. A network that is trained without weights answers for those already.

    Args:
        counts: int64, (K,): training images of each class.
        is_weighted: whether all classes counted alike in training.
        wanted: ``training``, or ``uniform``: as if each class came equally often.

    Returns:
        float64, (K,); all 0 if nothing is to be changed, as where all classes have as many images.

    Source: Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a
    Priori Probabilities", Neural Computation 14, 2002, equation 2.4; in the scores: Menon et al.,
    "Long-tail learning via logit adjustment", ICLR 2021.

    Example:
        >>> find_shifts(np.array([20, 20, 5]), True, "training").round(3).tolist()
        [0.288, 0.288, -1.099]
    """
    if is_weighted == (wanted == "uniform"):
        return np.zeros(len(counts))
    known = np.maximum(counts, 1)
    shifts = np.log(known / known.mean())
    return shifts if is_weighted else -shifts


def shift_probabilities(
    probabilities: Probabilities, shifts: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return probabilities, float32 (N, K), whose scores are raised by `shifts`, (K,)."""
    if not shifts.any():
        return probabilities.astype(np.float32)
    weighted = probabilities * np.exp(shifts)
    return (weighted / weighted.sum(axis=1, keepdims=True)).astype(np.float32)


def compare_frequencies(
    truth: Ids, probabilities: Probabilities, clusters: Ids | None = None
) -> Frequencies:
    """Compare how often each class comes with what its probabilities add up to.

    If they are right, the count of a class is Poisson-binomial; its tails are had by the normal
    distribution with a correction for the skewness. Where images belong to clusters, these are
    what is independent: the images then count as so many fewer as the differences of the clusters
    vary more than they would by themselves, over all classes together, since in few clusters a rare
    class may not come at all. The correction for the number of classes is Holm's.

    Args:
        truth: int64, (N,), ids in [0, K).
        probabilities: float64, (N, K).
        clusters: int64, (N,), the same for images that belong together; ``None`` if none do.

    Sources: Hong, "On computing the distribution function for the Poisson binomial distribution",
    Computational Statistics and Data Analysis 59, 2013 (the refined normal approximation of
    Volkova, 1996); Rao and Scott, "The analysis of categorical data from complex sample surveys",
    Journal of the American Statistical Association 76, 1981 (the mean design effect); Holm, "A
    simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6,
    1979. Calibration in the large: Van Calster et al., "Calibration: the Achilles heel of
    predictive analytics", BMC Medicine 17, 2019.
    """
    classes = probabilities.shape[1]
    shares = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    expected, counts = shares.sum(axis=0), np.bincount(truth, minlength=classes)
    effect = _measure_design_effect(truth, shares, clusters)
    p_values = _test_counts(counts, shares, expected, effect)
    return Frequencies(expected, _correct(p_values))


def measure_frequencies(truth: Ids, found: Frequencies) -> dict[str, Any]:
    """Return how far the sums of the probabilities and the counts of the classes lie apart.

    Returns:
        ``class_frequency_error``: the share of images, from 0 to 1, that would have to be of
        another class for both to agree (half the sum of the differences); and
        ``class_frequency_p_value``: how probable one of the differences is if the probabilities
        are right, the smallest of all classes.
    """
    counts = np.bincount(truth, minlength=len(found.expected))
    return {
        "class_frequency_error": float(np.abs(counts - found.expected).sum()) / 2 / len(truth),
        "class_frequency_p_value": float(found.p_values.min()),
    }


def _test_counts(
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
    expected: NDArray[np.float64],
    effect: float,
) -> NDArray[np.float64]:
    """Return how probable the counts are as sums of fewer images that weigh `effect` each."""
    variance = shares * (1 - shares)
    deviation = np.sqrt(np.maximum(variance.sum(axis=0), SMALLEST))
    skewness = (variance * (1 - 2 * shares)).sum(axis=0) / deviation**3 * effect**0.5
    deviation = deviation * effect**0.5
    below = _approximate((counts + effect / 2 - expected) / deviation, skewness)
    above = 1 - _approximate((counts - effect / 2 - expected) / deviation, skewness)
    return np.minimum(1, 2 * np.minimum(below, above))


def _approximate(places: NDArray[np.float64], skewness: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import norm

    refined = norm.cdf(places) + skewness * (1 - places**2) * norm.pdf(places) / 6
    return np.asarray(refined.clip(0, 1))


def _measure_design_effect(truth: Ids, shares: NDArray[np.float64], clusters: Ids | None) -> float:
    """Return by how much the variance of the counts is larger than that of independent images."""
    if clusters is None:
        return 1.0
    found, cluster = np.unique(clusters, return_inverse=True)
    if len(found) == len(truth):
        return 1.0
    differences = np.zeros((len(found), shares.shape[1]))
    np.add.at(differences, cluster, np.eye(shares.shape[1])[truth] - shares)
    independent = float((shares * (1 - shares)).sum())
    return max(1.0, float((differences**2).sum()) / max(independent, SMALLEST))


def _correct(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(1, np.maximum.accumulate(steps))
    return corrected
