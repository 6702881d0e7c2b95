"""Which images are looked at where all would be too many."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def draw_evenly(labels: NDArray[Any], most: int, seed: int) -> NDArray[np.int64]:
    """Draw at most `most` rows of `labels`, (N,), in their order: int64.

    Every class has as many as the others, or all of its own. Where they cannot be shared evenly,
    the draw decides which classes get one more.
    """
    import pandas as pd

    order = np.random.default_rng(seed).permutation(len(labels))
    turns = pd.Series(order).groupby(labels[order]).cumcount()
    return np.sort(order[np.argsort(turns, kind="stable")[:most]])
