"""How a network sees pictures beside each other: a map of what arrives at its last layer."""

from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.explanation.graph import compute_outputs, trace_calls

SMALLEST = 1e-12  # below it a direction holds nothing but rounding
# UMAP compares each picture with this many others, its default.
NEIGHBOURS = 15


class Projection(NamedTuple):
    """Pictures as points of a plane.

    Args:
        method: ``PCA`` or ``UMAP``.
        places: float64, (N, 2).
        variance: share of the variance that the plane shows, from 0 to 1; None for UMAP, which
            keeps neighbours together, not distances.
    """

    method: str
    places: NDArray[np.float64]
    variance: float | None


def read_features(model: KerasModel, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what arrives at the last layer, float32 (N, F), for uint8 (N, H, W, C) `images`."""
    before = [*trace_calls(model)][-2]
    return compute_outputs(model, [before], images)[before].reshape(len(images), -1)


def project(features: NDArray[np.float32], seed: int) -> Projection:
    """Return pictures as points: alike ones near each other.

    By UMAP where it is installed and there are more pictures than it compares each with, else by
    principal components.

    Args:
        features: float32, (N, F).
        seed: of UMAP.
    """
    if len(features) > NEIGHBOURS and find_spec("umap"):
        return _project_neighbours(features, seed)
    return project_components(features)


def project_components(features: NDArray[np.float32]) -> Projection:
    """Return the two directions in which `features`, (N, F), differ most: principal components.

    Signs are set so that the largest weight of each direction is positive: a map is not mirrored
    from one run to the next.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    shown = directions[:2]
    signs = np.sign(shown[np.arange(len(shown)), np.abs(shown).argmax(axis=1)])
    places = np.zeros((len(features), 2))
    places[:, : len(shown)] = centred @ (shown * signs[:, None]).T
    total = float((sizes**2).sum())
    variance = float((sizes[:2] ** 2).sum()) / total if total > SMALLEST else 1.0
    return Projection("PCA", places, variance)


def _project_neighbours(features: NDArray[np.float32], seed: int) -> Projection:
    from umap import UMAP

    # One job: with more, the seed is not kept.
    places = UMAP(n_neighbors=NEIGHBOURS, random_state=seed, n_jobs=1).fit_transform(features)
    return Projection("UMAP", np.asarray(places, np.float64), None)
