"""Whether one classifier is better than another on the same images, or only luckier.

Both have answered every image, so the images that both get right, or both wrong, say nothing
of the difference: what counts are those on which the two disagree.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from onion_pipeline.annotations import Ids, Probabilities
from onion_pipeline.evaluation.intervals import resample_macro_f1

# The p-value of a bootstrap is a multiple of 2 / (DRAWS + 1).
DRAWS = 9_999
LEVEL = 0.05
POWER = 0.8


class Difference(NamedTuple):
    """How much better the first of two classifiers is.

    Args:
        first: the metric of the first classifier.
        second: of the second one.
        p_value: two-sided; how probable a difference is that is at least as large, if there
            were none but by chance.
        lowest: what ``first - second`` is at least, but for chance: a one-sided lower bound.
    """

    first: float
    second: float
    p_value: float
    lowest: float


def mcnemar_test(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    Were both classifiers equally good, each image that only one of them gets right would be
    that of either with probability 1/2: a binomial test of `only_first` among
    ``only_first + only_second``. Without such images it is 1.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions
    or percentages", Psychometrika 12, 1947; exact as in Fagerland, Lydersen and Laake, "The
    McNemar test for binary matched-pairs data", BMC Medical Research Methodology 13, 2013.

    Example:
        >>> round(mcnemar_test(1, 7), 4)
        0.0703
    """
    from scipy.stats import binomtest

    trials = only_first + only_second
    return float(binomtest(only_first, trials).pvalue) if trials else 1.0


def count_fewest_images(significance: float) -> int:
    """Return on how many images McNemar's exact test can be significant at all.

    If one classifier is right on all of n images and the other on none, the p-value is
    ``2 * 0.5**n``.

    Example:
        >>> count_fewest_images(0.05)
        6
    """
    return int(np.ceil(1 - np.log2(significance)))


def bound_difference(only_first: int, only_second: int, images: int, level: float) -> float:
    """Return a lower bound of how much more of all images the first of two classifiers gets right.

    The true difference lies below it in about `level` of 100 % of all tests: a one-sided bound for
    paired proportions, with half an image added to each cell of the table of agreement. Without
    these a test in which both agree would prove that they always do.

    Args:
        only_first: images that only the first classifier gets right.
        only_second: that only the second one does.
        images: of the test.
        level: for example 0.05.

    Source: Agresti and Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24, 2005.

    Example:
        >>> round(bound_difference(3, 3, 750, 0.05), 4)
        -0.0058
    """
    total, won, lost = images + 2, only_first + 0.5, only_second + 0.5
    difference = (won - lost) / total
    spread = ((won + lost - (won - lost) * difference) ** 0.5) / total
    return difference - NormalDist().inv_cdf(1 - level) * spread


def find_noticeable_difference(images: int, disagreement: float, level: float) -> float:
    """Return the difference of accuracies that McNemar's test notices in 80 of 100 tests.

    Args:
        images: of the test.
        disagreement: the share of images that only one of the two classifiers gets right.
        level: below which a p-value, two-sided, is significant.

    Returns:
        In (0, 1]; 1 where even that is not noticed so often.

    Source: :func:`count_needed_images`, solved for the difference.
    """
    from scipy.optimize import brentq

    if count_needed_images(1.0, disagreement, level) > images:
        return 1.0
    smallest = 1e-6
    return float(
        brentq(lambda d: count_needed_images(d, disagreement, level) - images, smallest, 1.0)
    )


def count_needed_images(difference: float, disagreement: float, level: float) -> float:
    """Return on how many images McNemar's test notices a difference in 80 of 100 tests.

    ``(z_a sqrt(p) + z_b sqrt(p - d²))² / d²`` with p the `disagreement`, which is no smaller than
    the `difference` d. By the normal distribution: of few images the exact test needs some more.

    Source: Connor, "Sample size for testing differences in proportions for the paired-sample
    design", Biometrics 43, 1987, equation 3.

    Example:
        >>> round(count_needed_images(0.03, 0.08, 0.05))
        695
    """
    share = max(difference, disagreement)
    of_level, of_power = (NormalDist().inv_cdf(each) for each in (1 - level / 2, POWER))
    root = of_level * share**0.5 + of_power * (share - difference**2) ** 0.5
    return float((root / difference) ** 2)


def compare_accuracy(truth: Ids, first: Ids, second: Ids, level: float = LEVEL) -> Difference:
    """Compare the accuracies of two classifiers by McNemar's exact test.

    The lower bound is that of :func:`bound_difference`, at `level`.
    """
    one, other = first == truth, second == truth
    won, lost = int((one & ~other).sum()), int((other & ~one).sum())
    lowest = bound_difference(won, lost, len(truth), level)
    return Difference(float(one.mean()), float(other.mean()), mcnemar_test(won, lost), lowest)


def compare_macro_f1(  # noqa: PLR0913
    truth: Ids, first: Ids, second: Ids, classes: int, *, level: float = LEVEL, seed: int = 0
) -> Difference:
    """Compare the macro F1 of two classifiers by a paired bootstrap.

    N images are drawn with replacement from the N, each with its truth and both answers, 9,999
    times; with D the differences of macro F1 that come out, the p-value is twice the smaller of
    the shares of ``D <= 0`` and ``D >= 0``, at most 1, each counted with one more draw: that
    of the images themselves. It says whether the percentile interval of D contains 0.

    Args:
        truth: int64, (N,), ids in [0, K).
        first: the same of the class that the first classifier names.
        second: the same of the second one.
        classes: K; macro F1 is the mean over those that have images, in each draw.
        level: of the lower bound, which is that share of the way up through the D.
        seed: of the draws.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, sections 13.3 and 15.4;
    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 4.2.
    """
    kinds, counts = np.unique(np.stack([truth, first, second]), axis=1, return_counts=True)
    values = resample_macro_f1(kinds, counts, classes, seed, DRAWS)
    one, other = values[:, 0].tolist()
    found = np.subtract(*values)[1:]
    tail = int(min((found <= 0).sum(), (found >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (DRAWS + 1))
    return Difference(one, other, p_value, float(np.quantile(found, level)))


def is_clearly_better(labels: Ids, before: Probabilities, after: Probabilities) -> bool:
    """Return whether the log loss fell by more than chance may make it fall.

    By a paired t-test, one-sided, at 5 %. Of one image nothing is known.

    Args:
        labels: class ids, (N,).
        before: (N, K), probabilities of one classifier.
        after: (N, K), those of the other.

    Source: Student, "The probable error of a mean", Biometrika 6, 1908.
    """
    from scipy.stats import t

    count, smallest = len(labels), np.finfo(np.float32).tiny
    told = [each[np.arange(count), labels].astype(np.float64) for each in (before, after)]
    fell = np.subtract(*np.log(np.maximum(told[::-1], smallest)))
    spread = np.sqrt(np.square(fell - fell.mean()).sum())
    # Both sides times sqrt(count * (count - 1)), which is 0 for one image: it tells nothing.
    bound = t.ppf(1 - LEVEL, count - 1) * spread
    return bool(fell.mean() * np.sqrt(count * (count - 1)) > bound)
