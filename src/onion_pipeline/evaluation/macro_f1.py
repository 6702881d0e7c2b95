"""How far the macro F1 of a test may be off by chance."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Ids
from onion_pipeline.evaluation.clusters import Weight, weigh_clusters
from onion_pipeline.evaluation.intervals import share_interval

SMOOTHING = 1.0  # imagined pictures for each class


def macro_f1_interval(
    truth: Ids, predicted: Ids, classes: int, confidence_level: float, clusters: Ids | None = None
) -> tuple[float, float]:
    """Return an interval of macro F1, which always holds macro F1 itself.

    The delta method gives the variance from the multinomial confusion matrix. In few pictures of
    many classes it is too small (a class of one picture never seems to vary), so that it is
    taken of a smoothed matrix, with one more picture of each class that is answered as all are.
    Macro F1 of few pictures is too low on average, by ``F (1 - F) / (true + predicted)`` in each
    class, the second term of the same expansion where counts are Poisson; the interval is about
    macro F1 plus that. It is Wilson's, for as many pictures as make a share as certain; pictures
    that belong together widen it by their design effect.

    Args:
        truth: int64, (N,), ids in [0, K).
        predicted: the same of the answers.
        classes: K; macro F1 is the mean over those that have pictures.
        confidence_level: for example 0.95.
        clusters: int64, (N,), of pictures that belong together.

    Source: Takahashi, Yamamoto, Kuchiba and Koyama, "Confidence interval for micro-averaged F1 and
    macro-averaged F1 scores", Applied Intelligence 52, 2022; the smoothing as in Agresti and
    Coull, "Approximate is better than exact", The American Statistician 52, 1998.
    """
    cells = np.bincount(truth * classes + predicted, minlength=classes**2)
    matrix = cells.reshape(classes, classes).astype(float)
    known = matrix.sum(axis=1) > 0
    value = float(score_classes(matrix)[known].mean())
    smooth = _smooth(matrix, known)
    mean = float(score_classes(smooth)[known].mean())
    variance = float((smooth * _find_influence(smooth, known) ** 2).sum())
    images = mean * (1 - mean) / max(variance, np.finfo(float).tiny)
    weight = Weight(images, np.inf)
    if clusters is not None:
        influence = _find_influence(matrix, known)[truth, predicted]
        found = weigh_clusters(influence, clusters, _count_strata(truth, clusters))
        weight = Weight(images * found.images / len(truth), found.freedom)
    low, high = share_interval(
        min(1.0, value + _find_bias(smooth, known)), weight, confidence_level
    )
    return min(low, value), max(high, value)


def _find_bias(matrix: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    scores, named = score_classes(matrix)[known], _count_named(matrix)[known]
    return float((scores * (1 - scores) / np.maximum(named, 1)).mean())


def _count_strata(truth: Ids, clusters: Ids) -> int:
    """Return how many classes share the clusters among them: 1 if there is one of two classes."""
    members = np.unique(np.stack([clusters, truth]), axis=1)
    is_pure = members.shape[1] == len(np.unique(clusters))
    return len(np.unique(truth)) if is_pure else 1


def score_classes(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 of each class, ``2 hits / (true + predicted)``, float64 (K,); 0 where unknown."""
    return 2 * matrix.diagonal() / np.maximum(_count_named(matrix), np.finfo(float).tiny)


def _count_named(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return matrix.sum(axis=0) + matrix.sum(axis=1)


def _smooth(matrix: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Add pictures to the `known` classes, right as often as all are, and scale to as many."""
    classes, images = len(matrix), matrix.sum()
    right = (matrix.trace() + 2) / (images + 4)
    imagined = np.full_like(matrix, (1 - right) / max(1, classes - 1))
    np.fill_diagonal(imagined, right)
    added = matrix + SMOOTHING * imagined * known[:, None]
    return added * images / added.sum()


def _find_influence(matrix: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return by how much one more picture of each cell moves macro F1, float64 (K, K)."""
    named = np.maximum(_count_named(matrix), np.finfo(float).tiny)
    pull = np.where(known, score_classes(matrix) / named, 0)
    influence = -pull[:, None] - pull[None, :]
    influence[np.diag_indices(len(matrix))] += np.where(known, 2 / named, 0)
    return influence / known.sum()
