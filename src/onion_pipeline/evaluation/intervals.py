"""How far the figures of a test may be off by chance."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onion_pipeline.annotations import Ids

# The ends of a percentile interval move by less than a hundredth of its width from seed to seed.
DRAWS = 2000
# Numbers that pass through memory at once.
CHUNK = 1 << 22


def wilson_interval(
    successes: ArrayLike, trials: ArrayLike, confidence_level: float
) -> NDArray[np.float64]:
    """Return the Wilson score intervals of proportions.

    Unlike the textbook interval ``p ± z sqrt(p (1 - p) / n)`` they stay within [0, 1] and keep
    their coverage near 0 and 1, where good classifiers are. Without a trial it is [0, 1].
    ``scipy.stats.binomtest`` has them too, but only one by one, at up to a millisecond each.

    Args:
        successes: int, of any shape.
        trials: int, of the same shape.
        confidence_level: for example 0.95.

    Returns:
        float64, (..., 2): the lower and the upper bound of each.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22, 1927.

    Example:
        >>> wilson_interval(81, 263, 0.95).round(4).tolist()
        [0.2553, 0.3662]
    """
    z = NormalDist().inv_cdf((1 + confidence_level) / 2)
    n = np.maximum(trials, 1)
    share = np.asarray(successes) / n
    center = share + z**2 / (2 * n)
    margin = z * ((share * (1 - share) + z**2 / (4 * n)) / n) ** 0.5
    scale = 1 + z**2 / n
    bounds = np.stack([(center - margin) / scale, (center + margin) / scale], axis=-1)
    bounds[np.equal(trials, 0)] = 0, 1
    return bounds.clip(0, 1)


def class_intervals(
    matrix: NDArray[np.int64], confidence_level: float
) -> dict[str, NDArray[np.float64]]:
    """Return the intervals of precision, recall and F1 of each class.

    Each is a proportion, or grows with one, and has its Wilson interval: precision of the images
    predicted as the class, recall of those that are of it, and F1 is ``2 J / (1 + J)`` with J the
    share of hits among all that are or are predicted as the class. A bootstrap would say [1, 1] of
    a class without a mistake, and on 500 of the 10,000 test images of Fashion-MNIST it held the F1
    of all in 84 to 95 of 100 draws for each class, these intervals in 95 to 97.

    Args:
        matrix: int64, (K, K), rows true and columns predicted.
        confidence_level: for example 0.95.

    Returns:
        ``precision``, ``recall`` and ``f1``: lower and upper bounds, float64 (K, 2).
    """
    hits, predicted, support = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    jaccard = wilson_interval(hits, predicted + support - hits, confidence_level)
    return {
        "precision": wilson_interval(hits, predicted, confidence_level),
        "recall": wilson_interval(hits, support, confidence_level),
        "f1": 2 * jaccard / (1 + jaccard),
    }


def macro_f1_interval(
    matrix: NDArray[np.int64], confidence_level: float, seed: int = 0, draws: int = DRAWS
) -> tuple[float, float]:
    """Return an interval of the macro F1 that the classifier has on all pictures of the kind.

    It is the Wilson interval of as many images as would give the spread of the bootstrap, of
    :func:`resample_macro_f1`, if macro F1 were a share of them. The percentiles of the bootstrap
    themselves miss it: they are too low where classes have few images, since draws lack more of
    each than the test does, and of a perfect test they say [1, 1]. Macro F1 is off in the same way
    itself, and by what the draws are off from it: the interval reaches from what it is to what it
    would be without that.

    Args:
        matrix: confusion matrix, int64, (K, K), rows true and columns predicted.
        confidence_level: for example 0.95.
        seed: of the draws.
        draws: how many.

    Returns:
        Bounds in [0, 1], with macro F1 between them.

    Sources: Kish, "Survey Sampling", 1965, section 8.2 (the effective number); Brown, Cai and
    DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16, 2001; Efron
    and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 10 (the estimate of bias).
    """
    kinds, support = np.stack(np.nonzero(matrix)), matrix.sum(axis=1)
    (values,) = resample_macro_f1(kinds, matrix[*kinds], len(matrix), seed, draws)
    found, drawn = values[0], values[1:]
    # Of a mean over classes of which each has its share of a perfect test.
    present = support[support > 0]
    most = len(present) ** 2 / (1 / present).sum()
    variance = drawn.var(ddof=1)
    effective = min(most, found * (1 - found) / variance) if variance > 0 else most
    unbiased = np.clip(2 * found - drawn.mean(), 0, 1)
    shares = np.array([found, unbiased])
    bounds = wilson_interval(shares * effective, np.full(2, effective), confidence_level)
    return float(min(found, *bounds[:, 0])), float(max(found, *bounds[:, 1]))


def resample_macro_f1(
    kinds: Ids, counts: NDArray[np.int64], classes: int, seed: int, draws: int
) -> NDArray[np.float64]:
    """Return the macro F1 of A classifiers on images, and on as many drawn with replacement.

    Macro F1 is the mean of ``2 hits / (true + predicted)`` over the classes that have images, in
    each draw. How often each kind of image comes is a multinomial draw, which is quicker than
    drawing the images, since there are few kinds.

    Args:
        kinds: int64, (1 + A, M): of M kinds of images the truth and what each classifier answers.
        counts: int64, (M,): how many images there are of each kind.
        classes: K; ids are in [0, K).
        seed: of the draws.
        draws: how many.

    Returns:
        float64, (A, 1 + draws), of the images themselves first.
    """
    generator = np.random.default_rng(seed)
    shares, step = counts / counts.sum(), max(1, CHUNK // (len(counts) + classes))
    parts = (
        generator.multinomial(counts.sum(), shares, min(step, draws - start))
        for start in range(0, draws, step)
    )
    found = [_compute_macro_f1(kinds, drawn, classes) for drawn in (counts[None], *parts)]
    return np.concatenate(found, axis=1)


def _compute_macro_f1(kinds: Ids, counts: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return macro F1, float64 (A, B), for int64 (B, M) `counts` of M kinds in each of B draws."""
    from scipy.sparse import coo_array

    rows, ones = np.arange(kinds.shape[1]), np.ones(kinds.shape[1], np.int64)
    truth, *answers = (coo_array((ones, (rows, ids)), (len(rows), classes)) for ids in kinds)
    support = counts @ truth
    scores = [
        2 * ((counts * (ids == kinds[0])) @ truth) / np.maximum(support + counts @ answer, 1)
        for ids, answer in zip(kinds[1:], answers, strict=True)
    ]
    return np.sum(scores, axis=2, where=support > 0) / (support > 0).sum(axis=1)
