"""Brightness, contrast and sharpness of each picture, and which stand out."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Series
from onion_pipeline.images.arrays import CHUNK_BYTES
from onion_pipeline.workers.parallel import map_chunks

# Beyond it a value is a likely outlier: Iglewicz and Hoaglin (1993), "How to Detect and Handle
# Outliers", as in https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm
OUTLYING = 3.5
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow converts to gray


# How a picture can stand out: at which end of which measure.
ODDITIES = {
    "dark": ("brightness", -1),
    "bright": ("brightness", 1),
    "flat": ("contrast", -1),
    "blurred": ("sharpness", -1),
}


def measure_images(images: NDArray[np.uint8]) -> DataFrame:
    """Return how bright, contrasted and sharp each picture is.

    Args:
        images: uint8, (N, H, W, C); may be a memory map, of which little is read at a time.

    Returns:
        Columns ``brightness`` (mean gray value, in [0, 1]), ``contrast`` (its standard
        deviation, in [0, 0.5]) and ``sharpness`` (decimal logarithm of the variance of the
        Laplacian, in gray values of [0, 255]; at least -2); one row per picture.
    """
    import pandas as pd

    columns = ["brightness", "contrast", "sharpness"]
    step = max(1, CHUNK_BYTES // 8 // max(1, int(np.prod(images.shape[1:]))))
    chunks = [images[start : start + step] for start in range(0, len(images), step)]
    found = map_chunks(_measure_chunk, chunks, workers=1, title="measure images")
    return pd.DataFrame(np.concatenate([np.empty((0, 3)), *found]), columns=columns)


def find_odd(measured: DataFrame, name: str) -> Series:
    """Return the outliers of the kind `name` of :data:`ODDITIES`, the oddest first.

    They are values from :func:`measure_images`, indexed by the row of the picture.
    """
    measure, sign = ODDITIES[name]
    values = measured[measure]
    distance = sign * (values - values.median())
    # A robust standard deviation; it is 0 if all are alike.
    spread = 1.4826 * distance.abs().median() or 1.2533 * distance.abs().mean()
    odd = distance[distance > OUTLYING * spread].sort_values(ascending=False, kind="stable")
    return values[odd.index]


def _measure_chunk(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    gray = np.asarray(images, np.float32)
    gray = gray @ LUMA if gray.shape[3] == 3 else gray[..., 0]  # noqa: PLR2004
    brightness = gray.mean(axis=(1, 2)) / 255
    contrast = gray.std(axis=(1, 2)) / 255
    return np.stack([brightness, contrast, _measure_sharpness(gray)], axis=1).astype(np.float64)


def _measure_sharpness(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pech-Pacheco et al. (2000), "Diatom autofocusing in brightfield microscopy"."""
    padded = np.pad(gray, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    return np.log10(np.maximum((around - 4 * gray).var(axis=(1, 2)), 0.01))
