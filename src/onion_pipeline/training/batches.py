"""Batches in an order that depends on the seed and the epoch alone."""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.model.backend import import_keras


class ImageRows(Protocol):
    """Labelled images whose rows are read when they are asked for.

    An array of them is one (see :func:`~onion_pipeline.images.arrays.labelled_dtype`), and so
    is a selection of rows that is never gathered.
    """

    def __len__(self) -> int:
        """Return the number of images."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return the rows of these numbers, int64 (M,), or one field of all."""


def draw_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of `count` images in `epoch`, the same for the same arguments.

    Keras' own shuffling repeats one order in every epoch once its seed is set.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def make_batches(images: ImageRows, batch_size: int, seed: int | None) -> Any:
    """Return a ``keras.utils.PyDataset`` of (images, labels) batches.

    Args:
        images: labelled images; memory-mapped ones are read batch by batch.
        batch_size: images per batch; the last one may be smaller.
        seed: of the order in each epoch; ``None`` keeps the order of `images`.
    """
    keras = import_keras()

    class Batches(keras.utils.PyDataset):  # type: ignore[name-defined]
        """Each batch is a gather of rows: pixels and labels move together."""

        def __init__(self) -> None:
            super().__init__()
            self.epoch = 0
            self.order = self._draw()

        def __len__(self) -> int:
            return math.ceil(len(images) / batch_size)

        def __getitem__(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
            rows = images[self.order[number * batch_size : (number + 1) * batch_size]]
            return np.ascontiguousarray(rows["image"]), rows["label"]

        def on_epoch_end(self) -> None:
            self.epoch += 1
            self.order = self._draw()

        def _draw(self) -> NDArray[np.int64]:
            if seed is None:
                return np.arange(len(images))
            return draw_order(len(images), seed, self.epoch)

    return Batches()
