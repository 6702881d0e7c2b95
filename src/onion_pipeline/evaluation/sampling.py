"""Which images are looked at where all would be too many."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def draw_evenly(labels: NDArray[Any], most: int, seed: int) -> NDArray[np.int64]:
    """Draw images such that every class has as many as the others, or all of its own.

    Args:
        labels: (N,), names or ids.
        most: how many images.
        seed: of the draw, which also decides which classes get one more where `most` cannot be
            shared evenly.

    Returns:
        int64, at most `most` rows, in their order.
    """
    import pandas as pd

    order = np.random.default_rng(seed).permutation(len(labels))
    turns = pd.Series(order).groupby(labels[order]).cumcount()
    return np.sort(order[np.argsort(turns, kind="stable")[:most]])
