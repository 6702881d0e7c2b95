"""Which of many parts of a test is worse than the rest, and not only by chance."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Ids
from onion_pipeline.evaluation.clusters import count_worth

Mask = NDArray[np.bool_]


def find_weakest(
    parts: list[Mask], is_right: Mask, significance: float, clusters: Ids | None = None
) -> int | None:
    """Return which part is clearly weaker than the rest, the most improbable; or None.

    Of each part, Fisher's exact test says how probable it is to have so few right answers or fewer,
    were they spread over the test by chance. That, times the number of parts that were searched
    (Bonferroni), must not exceed the `significance`. Where pictures belong together, a test of
    the difference that counts clusters must say so as well.

    Args:
        parts: of each part which pictures are in it, bool (N,).
        is_right: which answers are right, bool (N,).
        significance: how often one may be named, at most, where all parts are equally good.
        clusters: int64, (N,), of pictures that belong together.

    Source: Fisher, "Statistical Methods for Research Workers", 1934, section 21.02; Dunn, "Multiple
    comparisons among means", Journal of the American Statistical Association 56, 1961.
    """
    if not parts:
        return None
    from scipy.stats import hypergeom

    inside = np.array([part.sum() for part in parts])
    hits = np.array([(part & is_right).sum() for part in parts])
    chances = hypergeom.cdf(hits, len(is_right), is_right.sum(), inside)
    if clusters is not None:
        grouped = [_test_clusters(part, is_right, clusters) for part in parts]
        chances = np.maximum(chances, grouped)
    weakest = int(chances.argmin())
    return weakest if chances[weakest] * len(parts) <= significance else None


def _test_clusters(part: Mask, is_right: Mask, clusters: Ids) -> float:
    """Return the one-sided p-value of Student's t on the sums of the clusters, were all equal."""
    from scipy.stats import t

    if part.all() or not part.any():
        return 1.0
    freedom = min(count_worth(_number(clusters[which])) for which in (part, ~part)) - 1
    if freedom <= 0:
        return 1.0
    weights = np.where(part, 1 / part.sum(), -1 / (~part).sum())
    deviations = weights * (is_right - is_right.mean())
    spread = float((np.bincount(_number(clusters), deviations) ** 2).sum()) ** 0.5
    return float(t.cdf(deviations.sum() / spread, freedom)) if spread > 0 else 1.0


def _number(clusters: Ids) -> Ids:
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)
