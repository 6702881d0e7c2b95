"""The order of training: which rows make up each batch, and which batches go in one call.

Batches are cut from one permutation of an epoch's images. Several of them form a block, whose
pixels are gathered while the network still learns from the block before.
"""

import math
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.streaming import StreamedImages
from onion_pipeline.images.arrays import LabelledImages

# More batches in one call gain nothing; fewer bytes leave the memory of the machine alone.
MOST_BATCHES = 64
BLOCK_BYTES = 8 << 20


class SelectedImages:
    """Rows of several arrays of labelled images, read when they are asked for.

    What trains one fold is most of the images, and a copy of them may exceed memory.

    Args:
        parts: arrays of labelled images of one type; memory-mapped ones stay so.
        rows: int64, (N,), counted through all parts.
    """

    def __init__(self, parts: "Sequence[ImageRows]", rows: NDArray[np.int64]) -> None:
        self._parts = parts
        self._rows = rows

    def __len__(self) -> int:
        """Return N."""
        return len(self._rows)

    def __getitem__(self, key: str | NDArray[np.int64]) -> NDArray[Any]:
        """Return one field of all N images, or the images of these numbers, in memory."""
        if isinstance(key, str):
            return _gather_rows([part[key] for part in self._parts], self._rows)
        return _gather_rows(self._parts, self._rows[key])

    def gather(self) -> LabelledImages:
        """Return all N images, in memory."""
        return _gather_rows(self._parts, self._rows)


ImageRows = LabelledImages | StreamedImages | SelectedImages
"""Labelled images whose rows are read when they are asked for."""


class BatchPlan(Sequence[NDArray[np.int64]]):
    """The rows of every block of a training, epoch after epoch.

    Each item is int64 (B * S,) for S batches of B rows. What the last batch of an epoch lacks
    is filled up with the epoch's first rows; see :meth:`weigh_rows`.

    Args:
        batch_size: rows of a batch; all rows of an epoch if these are fewer.
        image_bytes: of the pixels of one image.
        seed: of the order in each epoch; ``None`` keeps the order of the images.
        variants: how many variants of each picture an epoch takes, the next ones in the next,
            with the picture itself as the last one; ``None`` takes all in every epoch.
    """

    def __init__(  # noqa: PLR0913
        self,
        images: ImageRows,
        batch_size: int,
        image_bytes: int,
        *,
        epochs: int = 1,
        seed: int | None = None,
        variants: int | None = None,
    ) -> None:
        self.epochs = epochs
        self._seed = seed
        self._variants = variants
        self._count = len(images)
        if variants is not None:
            self._numbers, self._counts = _number_variants(images)
        self.images_per_epoch = len(self._collect_rows(0))
        self.batch_size = min(batch_size, self.images_per_epoch)
        self.batches_per_epoch = math.ceil(self.images_per_epoch / self.batch_size)
        most = BLOCK_BYTES // (self.batch_size * image_bytes)
        self.batches_per_block = max(1, min(MOST_BATCHES, most))
        self.blocks_per_epoch = math.ceil(self.batches_per_epoch / self.batches_per_block)
        self._order_rows = lru_cache(maxsize=1)(self._draw_rows)

    def __len__(self) -> int:
        """Return the number of blocks in all epochs."""
        return self.epochs * self.blocks_per_epoch

    def __getitem__(self, number: Any) -> Any:
        """Return the rows of one block, counted through all epochs."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        epoch, block = divmod(number, self.blocks_per_epoch)
        rows = self._order_rows(epoch)
        step = self.batches_per_block * self.batch_size
        chosen = rows[block * step : (block + 1) * step]
        return np.concatenate([chosen, np.resize(rows, -len(chosen) % self.batch_size)])

    def weigh_rows(self, number: int) -> NDArray[np.float32]:
        """Return what each row of a block counts in the mean over its batch.

        Returns:
            float32, like the block: one over the size of the batch, 0 where it is filled up.
        """
        count = self.images_per_epoch
        block = number % self.blocks_per_epoch
        places = block * self.batches_per_block * self.batch_size + np.arange(len(self[number]))
        sizes = np.minimum(self.batch_size, count - places // self.batch_size * self.batch_size)
        return np.where(places < count, 1 / sizes, 0).astype(np.float32)

    def _draw_rows(self, epoch: int) -> NDArray[np.int64]:
        rows = self._collect_rows(epoch)
        return rows if self._seed is None else rows[draw_order(len(rows), self._seed, epoch)]

    def _collect_rows(self, epoch: int) -> NDArray[np.int64]:
        """Return the rows of an epoch: of each picture the next variants, in a ring."""
        if self._variants is None:
            return np.arange(self._count)
        numbers = (self._numbers - epoch * self._variants) % self._counts
        return np.flatnonzero(numbers < self._variants)


def _number_variants(images: ImageRows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each row's number among those of its picture, itself last, and how many these are."""
    import pandas as pd

    copies = pd.Series(images["copy"]).replace(0, np.iinfo(np.int64).max)
    groups = copies.groupby(images["index"])
    return groups.rank("first").to_numpy(np.int64) - 1, groups.transform("size").to_numpy()


def _gather_rows(parts: Sequence[ImageRows], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return `rows`, counted through all `parts`, in their order."""
    like = parts[0][rows[:0]]
    found = np.empty((len(rows), *like.shape[1:]), like.dtype)
    start = 0
    for part in parts:
        here = (start <= rows) & (rows < start + len(part))
        found[here] = part[rows[here] - start]
        start += len(part)
    return found


def limit_variants(images: LabelledImages | StreamedImages, copies: int) -> ImageRows:
    """Return the images with their first `copies` variants, if there are so many."""
    if isinstance(images, StreamedImages):
        return replace(images, copies=min(copies, images.copies)) if copies else images.images
    # Kept ones are in the order of the numbers of their variants.
    return images[: np.count_nonzero(images["copy"] <= copies)]


def list_inputs(images: ImageRows) -> tuple[Any, ...]:
    """Return what all pixels of the images are made of."""
    return images.list_inputs() if isinstance(images, StreamedImages) else (images,)


def draw_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of `count` images in `epoch`, the same for the same arguments.

    Keras' own shuffling repeats one order in every epoch once its seed is set.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def read_pixels(images: ImageRows, plan: BatchPlan, first: int = 0) -> Generator[NDArray[np.uint8]]:
    """Yield the pixels of each block of `plan` from number `first` on, uint8 (B * S, H, W, C).

    An array is good until the next one is asked for: its memory may be used again.
    """
    if isinstance(images, StreamedImages):
        yield from images.stream_pixels(plan, first)
        return
    # Beside the training, since pictures on a disk may have to be read first.
    with ThreadPoolExecutor(1) as reader:
        waiting = (
            reader.submit(lambda rows: np.ascontiguousarray(images[rows]["image"]), plan[number])
            for number in range(first, len(plan))
        )
        ahead = next(waiting, None)
        while ahead:
            pixels, ahead = ahead.result(), next(waiting, None)
            yield pixels
