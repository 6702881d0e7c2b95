"""Images in memory: pixels, label and origin of each in one structured array.

A structured array is one plain ``.npy`` file that can be memory-mapped, and its rows cannot
lose their labels: whoever gathers or shuffles rows moves both.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame

LabelledImages = NDArray[np.void]
"""Rows of :func:`labelled_dtype`; ``images["image"]`` is uint8 (N, H, W, C)."""


def labelled_dtype(shape: tuple[int, ...]) -> np.dtype[np.void]:
    """Return the fields of a labelled image of `shape` (H, W, C).

    ``image`` uint8; ``label`` the class id; ``index`` the row in ``image_splits``;
    ``copy`` 0 for the picture itself, 1, 2, … for its augmented variants.
    """
    return np.dtype(
        [("image", np.uint8, shape), ("label", np.int64), ("index", np.int64), ("copy", np.int64)]
    )


def select_split(
    images: NDArray[np.uint8], splits: DataFrame, class_names: Sequence[str], split: str
) -> LabelledImages:
    """Return the images of one split with their labels.

    Args:
        images: uint8, (N, H, W, C).
        splits: columns ``label``, ``split``; one row per image, in the same order.
        class_names: the label of each class id.
        split: ``train``, ``validation`` or ``test``.

    Raises:
        ValueError: `images` and `splits` are not of one length.
    """
    if len(images) != len(splits):
        raise ValueError(f"{len(images)} images do not match {len(splits)} rows of splits")
    rows = np.flatnonzero(splits["split"] == split)
    ids = {name: number for number, name in enumerate(class_names)}
    selected = np.zeros(len(rows), labelled_dtype(images.shape[1:]))
    selected["image"] = images[rows]
    selected["label"] = splits["label"].iloc[rows].map(ids)
    selected["index"] = rows
    return selected


def find_examples(images: LabelledImages) -> LabelledImages:
    """Return the first image of each class, in the order of the class ids."""
    _, first = np.unique(images["label"], return_index=True)
    return np.asarray(images[first])
