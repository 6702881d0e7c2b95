"""Which pictures are looked at: of every class one that was recognised, and the worst mistakes."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame

WRONG = 1 / 3  # of the pictures, where there are so many mistakes


def choose_pictures(predictions: DataFrame, most: int) -> NDArray[np.int64]:
    """Return which rows of `predictions` to show, right ones first.

    Args:
        predictions: from :func:`~onion_pipeline.evaluation.predictions.tabulate_predictions`.
        most: how many rows.

    Returns:
        int64, at most `most` positions: of each class the picture recognised most surely, classes
        in their order, as many as fit beside a third of mistakes, the surest of these first and
        of each true class one before any second.
    """
    table = predictions.reset_index(drop=True).sort_values(
        ["confidence", "path"], ascending=[False, True]
    )
    is_right = table["label"] == table["predicted"]
    wrong = _rank_by_class(table[~is_right])
    right = _rank_by_class(table[is_right])
    mistakes = min(len(wrong), max(round(most * WRONG), most - len(right)))
    shown = right[: most - mistakes]
    order = predictions["label"].reset_index(drop=True).iloc[shown].argsort(kind="stable")
    return np.concatenate([shown[order.to_numpy()], wrong[:mistakes]])


def _rank_by_class(table: DataFrame) -> NDArray[np.int64]:
    """Return the positions of the rows of `table`: the first of each class, the second, ..."""
    turns = table.groupby("label", sort=True).cumcount()
    return turns.sort_values(kind="stable").index.to_numpy(np.int64)
