"""How a network sees pictures beside each other: a map of what arrives at its last layer."""

from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel, Pixels
from onion_pipeline.model.graph import compute_outputs, trace_calls

SMALLEST = 1e-12  # below it a direction holds nothing but rounding
PART = 4096  # features at a time, in double precision
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


def read_features(model: KerasModel, images: Pixels) -> NDArray[np.float32]:
    """Return what arrives at the last layer, float32 (N, F), for uint8 (N, H, W, C) `images`."""
    before = [*trace_calls(model)][-2]
    return compute_outputs(model, [before], images)[before].reshape(len(images), -1)


def project(features: NDArray[np.float32], seed: int) -> Projection:
    """Return pictures with these `features`, (N, F), as points: alike ones near each other.

    By UMAP where it is installed and there are more pictures than it compares each with, else by
    principal components.
    """
    if len(features) <= NEIGHBOURS or not find_spec("umap"):
        return project_components(features)
    from umap import UMAP

    # One job: with more, the seed is not kept.
    places = UMAP(n_neighbors=NEIGHBOURS, random_state=seed, n_jobs=1).fit_transform(features)
    return Projection("UMAP", np.asarray(places, np.float64), None)


def project_components(features: NDArray[np.float32]) -> Projection:
    """Return the two directions in which `features`, (N, F), differ most: principal components.

    They are found from how alike the pictures are, an N by N matrix: a network may have hundreds
    of thousands of features. Signs are set so that the place farthest out is positive: a map is
    not mirrored from one run to the next.
    """
    alike = np.zeros((len(features), len(features)))
    for part in np.array_split(features, -(-features.shape[1] // PART), axis=1):
        centred = part.astype(np.float64) - part.mean(axis=0, dtype=np.float64)
        alike += centred @ centred.T
    sizes, directions = np.linalg.eigh(alike)
    sizes, shown = np.maximum(sizes[::-1], 0), directions[:, ::-1][:, :2]
    places = np.zeros((len(features), 2))
    places[:, : shown.shape[1]] = shown * np.sqrt(sizes[:2])
    signs = np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])
    total = float(sizes.sum())
    variance = float(sizes[:2].sum()) / total if total > SMALLEST else 1.0
    return Projection("PCA", places * np.where(signs < 0, -1, 1), variance)
