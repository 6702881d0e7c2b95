"""Test pictures that belong together: how many independent ones they are worth.

Pictures of one group (``ingest.group_by``: a patient, a place), near-duplicates and equal files
share their luck, so that intervals that take each picture for a new one are too narrow.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Ids

CERTAIN = 1e-12  # a variance that rounding alone explains


class Weight(NamedTuple):
    """What pictures are worth that belong together.

    Args:
        images: of how many independent pictures a share would be as certain.
        freedom: degrees of freedom of that estimate; infinite if all are independent.
    """

    images: float
    freedom: float


def find_clusters(predictions: DataFrame, splits: DataFrame) -> Ids | None:
    """Return the clusters of the predicted pictures, int64 (N,), or None if all are apart.

    Each cluster is a connected component of the groups, near-duplicates and equal files, as the
    `splits` (columns ``path``, ``cluster``) have found them.
    """
    found = splits.set_index("path")["cluster"].loc[predictions["path"]].to_numpy(np.int64)
    _, ids = np.unique(found, return_inverse=True)
    return None if ids.max(initial=-1) + 1 == len(ids) else ids.astype(np.int64)


def count_worth(clusters: NDArray[np.int64]) -> float:
    """Return how many clusters of equal size these are worth: ``n² / sum m²`` with m their sizes.

    Source: Kish, "Survey Sampling", 1965, section 8.2.

    Example:
        >>> count_worth(np.array([0, 0, 1, 1, 2, 2]))
        3.0
    """
    sizes = np.bincount(clusters).astype(float)
    return float(sizes.sum() ** 2 / max((sizes**2).sum(), 1))


def weigh_clusters(
    deviations: NDArray[np.float64], clusters: NDArray[np.int64], strata: int = 1
) -> Weight:
    """Return how many independent pictures are as certain as these are.

    The design effect is the variance of the sum of the clusters' sums over that of as many
    independent pictures, at least 1. Where nothing varies it is as large as it can be: as if all
    pictures of a cluster were one.

    Args:
        deviations: float64, (N,): what each picture adds to the figure beyond its mean; sum 0.
        clusters: int64, (N,), ids in [0, C).
        strata: of how many kinds the clusters are, each with a mean of its own.

    Source: Kish, "Survey Sampling", 1965, sections 5.4 and 8.2; the sandwich as in Liang and Zeger,
    "Longitudinal data analysis using generalized linear models", Biometrika 73, 1986.
    """
    n, worth = len(clusters), count_worth(clusters)
    sums = np.bincount(clusters, deviations)
    together, apart = (sums**2).sum(), (deviations**2).sum()
    if worth <= strata:
        return Weight(0.0, 0.0)
    if apart < CERTAIN:
        return Weight(worth, worth - strata)
    effect = max(1.0, together / apart * worth / (worth - strata))
    return Weight(n / effect, worth - strata)


def weigh_share(hits: NDArray[np.bool_], clusters: Ids | None) -> Weight:
    """Return what pictures are worth for the share of `hits`, (N,); their number without clusters.

    Clusters of one picture each, too, are no clusters.
    """
    if clusters is None or len(np.unique(clusters)) == len(clusters):
        return Weight(float(len(hits)), np.inf)
    _, ids = np.unique(clusters, return_inverse=True)
    return weigh_clusters(hits - hits.mean(), ids)
