"""How a network sees pictures beside each other: a map of what arrives at its last layer."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.explanation.graph import compute_outputs, trace_calls

SMALLEST = 1e-12  # below it a direction holds nothing but rounding


def read_features(model: KerasModel, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what arrives at the last layer, float32 (N, F), for uint8 (N, H, W, C) `images`."""
    before = [*trace_calls(model)][-2]
    return compute_outputs(model, [before], images)[before].reshape(len(images), -1)


def project(features: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Return the two directions in which `features` differ most, by principal components.

    Signs are set so that the largest weight of each direction is positive: a map is not mirrored
    from one run to the next.

    Args:
        features: float32, (N, F).

    Returns:
        Places, float64 (N, 2), and the share of the variance that they show, from 0 to 1.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    shown = directions[:2]
    signs = np.sign(shown[np.arange(len(shown)), np.abs(shown).argmax(axis=1)])
    places = np.zeros((len(features), 2))
    places[:, : len(shown)] = centred @ (shown * signs[:, None]).T
    total = float((sizes**2).sum())
    return places, float((sizes[:2] ** 2).sum()) / total if total > SMALLEST else 1.0
