"""A quick way to decode JPEGs that hold nothing but pixels.

Small pictures cost more in Pillow's reading of their header than in their decoding: 32x32
takes 250 µs there and 35 µs here, for the same pixels, since both call libjpeg-turbo.
"""

from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray

# What turns, colours or multiplies a picture, wherever it stands: Exif and XMP orientation,
# ICC profiles, further pictures (MPO). A chance match only costs the quick way.
MORE_THAN_PIXELS = (b"Exif\0", b"tiff:Orientation", b"ICC_PROFILE\0", b"MPF\0")


class PlainHeader(NamedTuple):
    """The size of a plain JPEG, and whether it is stored in grayscale."""

    height: int
    width: int
    grayscale: bool


def read_plain_header(data: bytes) -> PlainHeader | None:
    """Return the header of a JPEG that decodes straight to pixels; ``None`` for all else."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    for mark in MORE_THAN_PIXELS:
        if mark in data:
            return None
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    return PlainHeader(height, width, colors == "Gray") if colors in {"Gray", "YCbCr"} else None


def decode_plain(data: bytes, grayscale: bool) -> NDArray[np.uint8] | None:
    """Return the pixels of a plain JPEG; ``None`` if the decoder has the least to object.

    Args:
        data: for which :func:`read_plain_header` gives a header of a size that fits memory.
        grayscale: as that header says.

    Returns:
        uint8, (H, W, 1) if `grayscale`, else (H, W, 3) in RGB.
    """
    try:
        return simplejpeg.decode_jpeg(data, "GRAY" if grayscale else "RGB", strict=True)
    except ValueError:
        return None
