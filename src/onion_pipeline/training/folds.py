"""Cross-validation: for each image a network that has not trained on it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Series
from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.model.backend import allow_retracing
from onion_pipeline.training.batches import ImageRows, SelectedImages
from onion_pipeline.training.fit import Trained

logger = logging.getLogger(__name__)


class Fold(NamedTuple):
    """What one network of a cross-validation learns from, and what it never sees.

    Args:
        train: images and their variants.
        validation: images that choose among the epochs.
        unseen: images of which neither themselves nor their variants are in the other two.
    """

    train: SelectedImages
    validation: SelectedImages
    unseen: SelectedImages


def divide_images(parts: Sequence[ImageRows], folds: Series) -> list[Fold]:
    """Return for each fold: itself unseen, the next one for validation, the rest for training.

    Args:
        parts: labelled images; together all images that have a fold, each once as itself
            (``copy`` 0), and variants of any of them.
        folds: Int64, of each row to which images refer by their ``index``: 0 to K - 1, or
            missing where an image takes no part.

    Returns:
        K folds.

    Raises:
        DataError: `parts` and `folds` are of different files.
    """
    index = np.concatenate([part["index"] for part in parts])
    original = np.concatenate([part["copy"] for part in parts]) == 0
    _check_complete(index, original, folds)
    numbers = folds.fillna(-1).to_numpy(np.int64)[index]
    count = int(folds.max()) + 1
    divided = []
    for unseen in range(count):
        distance = (numbers - unseen) % count
        chosen = (distance > 1, (distance == 1) & original, (distance == 0) & original)
        divided.append(Fold(*(SelectedImages(parts, np.flatnonzero(rows)) for rows in chosen)))
    return divided


def train_folds(
    folds: Sequence[Fold], train: Callable[[ImageRows, ImageRows], Trained]
) -> Iterator[tuple[Trained, LabelledImages]]:
    """Train a network for each fold.

    Args:
        folds: from :func:`divide_images`.
        train: from images for training and for validation to a trained network.

    Yields:
        The trained network with its history and, in memory, the images that it has not seen.
    """
    with allow_retracing():
        for number, fold in enumerate(folds, start=1):
            sizes = ", ".join(f"{len(images)} {name}" for name, images in fold._asdict().items())
            logger.info("fold %d of %d: %s", number, len(folds), sizes)
            yield train(fold.train, fold.validation), fold.unseen.gather()


def join_histories(histories: Sequence[DataFrame]) -> DataFrame:
    """Return the histories of K folds below one another, with their number in ``fold``."""
    import pandas as pd

    numbered = [history.assign(fold=fold) for fold, history in enumerate(histories)]
    return pd.concat(numbered, ignore_index=True)


def _check_complete(index: NDArray[np.int64], original: NDArray[np.bool_], folds: Series) -> None:
    expected = np.flatnonzero(folds.notna())
    originals = np.sort(index[original])
    if not (np.array_equal(originals, expected) and np.array_equal(np.unique(index), expected)):
        raise DataError(
            f"The {len(originals)} images for training and validation and the {len(expected)} "
            "rows of image_splits that describe them are of different files: one is left from "
            "another run. Make all anew: kedro run"
        )
