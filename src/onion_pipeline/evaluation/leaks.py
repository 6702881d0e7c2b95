"""Test pictures that the network knows: what the test says without them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Ids, Series
from onion_pipeline.evaluation.intervals import hits_interval


def find_leaked(splits: DataFrame, paths: Series) -> NDArray[np.bool_]:
    """Tell which images in `paths` belong together with an image for training or validation.

    They are the same picture, nearly the same, or of the same group. Only splits that the user has
    given can hold any.

    Args:
        splits: columns ``path``, ``split``, ``cluster``.
        paths: N images of the test.

    Returns:
        bool, (N,).
    """
    known = splits.loc[splits["split"].isin(["train", "validation"]), "cluster"]
    cluster = splits.set_index("path")["cluster"].loc[paths]
    return cluster.isin(known).to_numpy(bool)


def measure_without_leaked(
    predictions: DataFrame,
    leaked: NDArray[np.bool_],
    confidence_level: float,
    clusters: Ids | None = None,
) -> dict[str, Any]:
    """Return the accuracy on the test images that are not `leaked`, (N,).

    Returns:
        ``leaked_images``, how many are; and if there are any, and others, too,
        ``accuracy_without_leaked``, its interval (Wilson, counting the `clusters` of images that
        belong together), and ``test_images_without_leaked``.
    """
    figures: dict[str, Any] = {"leaked_images": int(leaked.sum())}
    kept = predictions[~leaked]
    if leaked.any() and len(kept):
        is_right = (kept["label"] == kept["predicted"]).to_numpy(bool)
        apart = None if clusters is None else clusters[~leaked]
        figures |= {
            "accuracy_without_leaked": float(is_right.mean()),
            "accuracy_without_leaked_interval": [*hits_interval(is_right, apart, confidence_level)],
            "test_images_without_leaked": len(kept),
        }
    return figures
