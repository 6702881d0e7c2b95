"""A few test images as pixels and as files: what every form of a model must answer alike."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import LabelledImages, make_keys
from onion_pipeline.images.decoding.decoder import RejectedImageError
from onion_pipeline.images.loading import read_indexed_file
from onion_pipeline.images.sources import ImageSource

COUNT = 48  # or one for each class, if there are more


class GoldenImages(NamedTuple):
    """Some test images.

    Args:
        rows: int64, (G,), where they are among the test images; ascending.
        paths: of their files.
        pixels: uint8, (G, H, W, C), as the network was tested with.
        encoded: the bytes of their files.
    """

    rows: NDArray[np.int64]
    paths: list[str]
    pixels: NDArray[np.uint8]
    encoded: list[bytes]


def draw_golden_images(
    source: ImageSource, images: LabelledImages, splits: DataFrame, seed: int
) -> GoldenImages:
    """Draw test images, of each class at least one.

    Args:
        source: where their files are.
        images: all test images.
        splits: columns ``path`` and ``sha256``; `images` refer to its rows by their ``index``.
        seed: of the draw.

    Raises:
        DataError: a file cannot be read, or is not the one that the network was tested with.
    """
    order = np.random.default_rng(seed).permutation(len(images["label"]))
    _, firsts = np.unique(images["label"][order], return_index=True)  # one of each class
    others = np.setdiff1d(np.arange(len(order)), firsts)
    rows = np.sort(order[np.concatenate([firsts, others])[: max(COUNT, len(firsts))]])
    files = splits.iloc[images["index"][rows]]
    paths, keys = files["path"].tolist(), make_keys(files["sha256"]).tolist()
    encoded = [_read(source, path, key) for path, key in zip(paths, keys, strict=True)]
    return GoldenImages(rows, paths, images["image"][rows], encoded)


def _read(source: ImageSource, path: str, key: int) -> bytes:
    try:
        return read_indexed_file(source, path, key)
    except RejectedImageError as error:
        raise DataError(
            f"{path} of {source.location} is needed once more before the model is registered, and "
            f"cannot be used: {error}. Name the images that the network was tested with, "
            "--params images=..., or train with these: kedro run"
        ) from error
