"""How many bits the values of 16-bit files really have, and how they become 8.

Cameras, microscopes and scanners measure 10, 12 or 14 bits and write them to files of 16. How
many they are stands nowhere; the largest value of a whole data set shows it.
"""

import sys
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from onion_pipeline.annotations import DataFrame, Series

MOST_BITS = 16
DEPTHS = (8, 10, 12, 14)  # of which there are devices; above them the values fill 16 bits
DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
# Pillow has no mode for 16-bit colours. It takes the upper byte of each value; told that the
# order of bytes is the other one, it takes the lower.
OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
DEEP_COLORS = ("RGB;16", "RGBA;16", "RGBX;16", "CMYK;16")


def find_bit_depth(index: DataFrame) -> int:
    """Return the bits that the values of 16-bit files have, the same for all of a data set.

    They are 8, 10, 12, 14 or 16, the fewest that hold each value; 16 without such files. Columns of
    `index`: ``largest_value``, missing where a file has not 16 bits, and ``reason``.
    """
    values = _list_largest(index)
    return MOST_BITS if values.empty else _count_bits(values.max())


def describe_bit_depth(index: DataFrame, depth: int) -> str:
    """Return what was found of the bits of 16-bit files, and how to choose otherwise."""
    return (
        f"No value of the {len(_list_largest(index))} pictures of 16 bits passes "
        f"{(1 << depth) - 1}: they are scaled as values of {depth} bits, here and by the served "
        f"model (ingest.bit_depth={MOST_BITS} takes them as they are)"
    )


def describe_few_bright(index: DataFrame, depth: int) -> str | None:
    """Return a warning if a few pictures alone need the `depth`, and most others come out dark.

    Of ordinary pictures half do not stay below a quarter of the largest value of all. One of
    another device does it, or one faulty pixel.
    """
    values = _list_largest(index)
    fewer = depth if values.empty else _count_bits(values.quantile(0.5, interpolation="lower"))
    if fewer >= depth:
        return None
    dark = int((values < 1 << fewer).sum())
    example = index.loc[values.idxmax(), "path"]
    return (
        f"No value of {dark} of the {len(values)} pictures of 16 bits passes {(1 << fewer) - 1}, "
        f"but others have more, {example} up to {values.max()}. All are scaled as values of "
        f"{depth} bits, so that those {dark} come out dark. If a faulty pixel or a picture of "
        f"another device is the reason, remove it, or scale all by the others: "
        f"--params ingest.bit_depth={fewer} (larger values become white)"
    )


def describe_other_depth(largest: Sequence[int], depth: int) -> str | None:
    """Return a warning of new pictures whose values have not the `depth` that a model scales.

    `largest` is the largest value of each picture of 16 bits.
    """
    if not largest:
        return None
    found = _count_bits(max(largest))
    if found in {depth, depth - 1} or (found < depth and max(largest) >= 1 << depth - 2):
        return None
    reads = f"the model scales pictures of 16 bits as values of {depth} bits"
    if found < depth:
        return (
            f"No value of the {len(largest)} pictures of 16 bits that were looked at passes "
            f"{max(largest)}, but {reads}: they come out dark. Was it trained with pictures like "
            "these?"
        )
    return (
        f"Of {len(largest)} pictures of 16 bits that were looked at values reach {max(largest)}, "
        f"but {reads}: what is above {(1 << depth) - 1} is white. Was it trained with pictures "
        "like these?"
    )


def _list_largest(index: DataFrame) -> Series:
    return index.loc[index["reason"].isna(), "largest_value"].dropna()


def _count_bits(value: int) -> int:
    return next((depth for depth in DEPTHS if value < 1 << depth), MOST_BITS)


def scale_to_8_bits(values: NDArray[np.uint16], depth: int) -> NDArray[np.uint8]:
    """Return `values` of `depth` bits in [0, 255]; larger ones are as bright as the largest."""
    return _make_scale(depth)[values]


def find_largest_value(image: Image.Image) -> int:
    """Return the largest value of a 16-bit picture, of colours from the upper byte alone."""
    if image.mode in DEEP_MODES:
        return int(np.asarray(image).max())
    colors = np.asarray(image)[..., : 4 if image.mode == "CMYK" else 3]  # not the transparency
    return int(colors.max()) << 8 | 0xFF


def stores_deep_colors(image: ImageFile) -> bool:
    """Tell whether a picture that is not decoded yet has colours of 16 bits."""
    return bool(image.tile) and _find_raw_mode(image).startswith(DEEP_COLORS)


def select_lower_half(image: ImageFile) -> None:
    """Have the lower byte of each value decoded, not the upper."""
    mode = _find_raw_mode(image)
    other = mode[:-1] + OTHER_ORDER[mode[-1]]
    image.tile = [
        tile._replace(args=(other, *tile.args[1:]) if isinstance(tile.args, tuple) else other)
        for tile in image.tile
    ]


def join_halves(upper: Image.Image, lower: Image.Image, depth: int) -> Image.Image:
    """Return colours of 8 bits from the two bytes of each value; transparency as it is."""
    high, low = np.asarray(upper), np.asarray(lower)
    scaled = scale_to_8_bits(high.astype(np.uint16) << 8 | low, depth)
    if upper.mode == "RGBA":
        scaled[..., 3] = high[..., 3]
    return Image.fromarray(scaled, upper.mode)


def _find_raw_mode(image: ImageFile) -> str:
    """Return how the pixels are stored, as Pillow calls it."""
    args = image.tile[0].args
    return str(args if isinstance(args, str) else args[0]) if args else ""


@lru_cache(maxsize=8)
def _make_scale(depth: int) -> NDArray[np.uint8]:
    largest = (1 << depth) - 1
    values = np.minimum(np.arange(1 << MOST_BITS), largest)
    return ((values * 255 + largest // 2) // largest).astype(np.uint8)
