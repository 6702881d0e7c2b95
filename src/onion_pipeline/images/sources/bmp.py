"""Pixels as a BMP file: the plainest format that the decoder allows.

Source: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage.
"""

import struct

import numpy as np
from numpy.typing import NDArray

HEADERS_SIZE = 14 + 40
PALETTE = bytes(value for gray in range(256) for value in (gray, gray, gray, 0))


def encode_bmp(pixels: NDArray[np.uint8]) -> bytes:
    """Return a BMP file of 256 shades of gray.

    Args:
        pixels: uint8, (height, width).
    """
    height, width = pixels.shape
    rows = np.zeros((height, _pad_width(width)), np.uint8)
    rows[:, :width] = pixels[::-1]  # from the bottom up
    offset = HEADERS_SIZE + len(PALETTE)
    headers = struct.pack("<2sIHHI", b"BM", offset + rows.size, 0, 0, offset)
    headers += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, rows.size, 0, 0, 256, 0)
    return headers + PALETTE + rows.tobytes()


def measure_bmp(height: int, width: int) -> int:
    """Return the size in bytes of what :func:`encode_bmp` makes."""
    return HEADERS_SIZE + len(PALETTE) + height * _pad_width(width)


def _pad_width(width: int) -> int:
    """Return `width` as a row has it in the file: a multiple of four bytes."""
    return (width + 3) & ~3
