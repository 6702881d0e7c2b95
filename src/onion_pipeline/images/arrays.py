"""Images in memory: pixels, label and origin of each in one structured array.

A structured array is one plain ``.npy`` file that can be memory-mapped, and its rows cannot
lose their labels: whoever gathers or shuffles rows moves both.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Series
from onion_pipeline.errors import DataError

DecodedImages = NDArray[np.void]
"""Rows of :func:`decoded_dtype`; ``images["image"]`` is uint8 (N, H, W, C)."""

LabelledImages = NDArray[np.void]
"""Rows of :func:`labelled_dtype`; ``images["image"]`` is uint8 (N, H, W, C)."""

# What passes through memory at once where an array is larger than memory.
CHUNK_BYTES = 8 << 20


class ArrayChunks(NamedTuple):
    """An array that is made piece by piece while it is saved, since it may exceed memory.

    Kedro calls this lazy saving.

    Args:
        dtype: of the array.
        shape: of one row.
        pieces: arrays of some rows each, to be iterated once.
        origin: a hash of all that the array is made of, see
            :func:`~onion_pipeline.origin.hash_origin`; a file of an earlier
            run that was made of the same is left as it is, and no piece is made.
        rows: how many there are if nothing goes wrong; a file with fewer is always made
            anew.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    pieces: Iterable[NDArray[Any]]
    origin: str | None = None
    rows: int | None = None

    def measure(self) -> int:
        """Return how many bytes the array will have; 0 if that is not known."""
        return (self.rows or 0) * prod(self.shape) * self.dtype.itemsize

    def gather(self) -> NDArray[Any]:
        """Return the whole array, in memory."""
        return np.concatenate([np.empty((0, *self.shape), self.dtype), *self.pieces])


def decoded_dtype(shape: tuple[int, ...]) -> np.dtype[np.void]:
    """Return the fields of a decoded image of `shape` (H, W, C).

    ``image`` uint8; ``index`` the row in ``image_index``; ``key`` what ties it to the bytes of
    its file, see :func:`make_keys`.
    """
    return np.dtype([("image", np.uint8, shape), ("index", np.int64), ("key", np.uint64)])


def labelled_dtype(shape: tuple[int, ...], kind: type = np.uint8) -> np.dtype[np.void]:
    """Return the fields of a labelled image of `shape` (H, W, C).

    ``image`` of a `kind` of numbers: pixels, or (float32) the features that a backbone has found in
    them; ``label`` the class id; ``index`` the row in ``image_splits``; ``copy`` 0 for the picture
    itself, 1, 2, … for its augmented variants.
    """
    return np.dtype(
        [("image", kind, shape), ("label", np.int64), ("index", np.int64), ("copy", np.int64)]
    )


def make_keys(checksums: Series) -> NDArray[np.uint64]:
    """Return the first 64 bits of each SHA-256 in hexadecimal."""
    return np.array([int(checksum[:16], 16) for checksum in checksums], np.uint64)


def count_rows(dtype: np.dtype[Any], most: int = 1024) -> int:
    """Return how many rows of `dtype` to take at a time: 8 MiB, at least 1, at most `most`."""
    return min(most, max(1, CHUNK_BYTES // dtype.itemsize))


def select_split(
    images: DecodedImages, splits: DataFrame, class_names: Sequence[str], split: str
) -> ArrayChunks:
    """Return the images of one split with their labels.

    Args:
        images: N decoded images.
        splits: columns ``label``, ``split``, ``sha256``; one row per image, in the same order.
        class_names: the label of each class id.
        split: ``train``, ``validation`` or ``test``.

    Raises:
        DataError: `images` and `splits` are of different files.
    """
    check_match(images, splits)
    rows = np.flatnonzero(splits["split"] == split)
    ids = {name: number for number, name in enumerate(class_names)}
    labels = splits["label"].iloc[rows].map(ids).to_numpy(np.int64)
    pieces = _select_rows(images, rows, labels)
    return ArrayChunks(labelled_dtype(images["image"].shape[1:]), (), pieces, rows=len(rows))


def check_match(images: DecodedImages, table: DataFrame) -> None:
    """Check that the rows of `table` describe `images`, one each.

    Raises:
        DataError: they are the results of different runs.
    """
    if len(images) != len(table) or not np.array_equal(images["key"], make_keys(table["sha256"])):
        raise DataError(
            f"The {len(images)} decoded images and the {len(table)} rows of the table that "
            "describes them are of different files: one is left from another run. Make both "
            "anew: kedro run --pipelines ingest"
        )


def _select_rows(
    images: DecodedImages, rows: NDArray[np.int64], labels: NDArray[np.int64]
) -> Iterator[LabelledImages]:
    dtype = labelled_dtype(images["image"].shape[1:])
    step = count_rows(dtype)
    for start in range(0, len(rows), step):
        chosen = rows[start : start + step]
        selected = np.zeros(len(chosen), dtype)
        selected["image"] = images["image"][chosen]
        selected["label"] = labels[start : start + step]
        selected["index"] = chosen
        yield selected


def find_examples(images: LabelledImages) -> LabelledImages:
    """Return the first image of each class, in the order of the class ids."""
    _, first = np.unique(images["label"], return_index=True)
    return np.asarray(images[first])
