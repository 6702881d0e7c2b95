"""From the bytes of a file to pixels: one policy, used in training and in serving alike.

What is refused, and why, is told by a reason code (:mod:`onion_pipeline.images.quarantine`).
What is accepted is turned upright (Exif), converted to sRGB (ICC) and to 8 bits (16-bit values
are scaled, not clipped), laid on a background where it is transparent, and resized with
antialiasing.
"""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps
from PIL.Image import Transpose

from onion_pipeline.errors import InterruptedRunError
from onion_pipeline.images.decoding import bit_depth, bmp, jpeg, opening
from onion_pipeline.images.decoding.colors import flatten, make_8_bit
from onion_pipeline.images.decoding.exif import ImageHeader
from onion_pipeline.images.decoding.foreign import explain_error
from onion_pipeline.images.decoding.opening import DEFAULT_RENDERING, RejectedImageError, Rendering
from onion_pipeline.images.decoding.reduction import find_reduction, shrink_large

GRAYSCALE_MODES = bit_depth.DEEP_MODES | {"1", "L", "LA", "I"}
# Without a stated range of values, what is white cannot be known.
UNKNOWN_RANGE = {"F": "floating point", "I": "32-bit integer"}
# What turns a picture upright, by its orientation; from 5 on by a quarter.
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
FIRST_QUARTER = 5

Decode = TypeVar("Decode", bound=Callable[..., Any])


def _explain_errors(decode: Decode) -> Decode:
    """Have whatever goes wrong with the bytes raised as the reason why they are refused."""

    @wraps(decode)
    def explain(data: bytes, *args: Any, **kwargs: Any) -> Any:
        try:
            return decode(data, *args, **kwargs)
        except (RejectedImageError, InterruptedRunError):
            raise
        except Exception as error:
            raise explain_error(error, data) from error

    return cast("Decode", explain)


@_explain_errors
def read_header(data: bytes, rendering: Rendering = DEFAULT_RENDERING) -> ImageHeader:
    """Return what `data` says of itself, without decoding a pixel.

    Raises:
        RejectedImageError: names the reason.
    """
    plain = _read_plain_header(data, rendering)
    if plain:
        return plain
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters raises; the rest is about metadata
        image, parts = opening.open_image(data, rendering, header_only=True)
    lies_on_its_side = parts.orientation >= FIRST_QUARTER
    width, height = reversed(image.size) if lies_on_its_side else image.size
    deep = image.mode in bit_depth.DEEP_MODES or bit_depth.stores_deep_colors(image)
    return ImageHeader(str(image.format), height, width, image.mode in GRAYSCALE_MODES, deep)


@_explain_errors
def decode_image(
    data: bytes, shape: tuple[int, int, int], rendering: Rendering = DEFAULT_RENDERING
) -> NDArray[np.uint8]:
    """Return the picture in `data` upright, opaque, in sRGB and at the wanted size.

    Args:
        data: an encoded image file.
        shape: height, width and channels (1 grayscale, 3 RGB) of the result.
        rendering: how it is resized, and what lies behind it.

    Returns:
        uint8, `shape`, in [0, 255]; always antialiased.

    Raises:
        RejectedImageError: names the reason.
    """
    height, width, channels = shape
    pixels = _decode_plain(data, (width, height), rendering)
    if pixels is not None and pixels.shape == shape:
        return pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if pixels is None:
            picture = _load(data, shape, rendering)
        else:
            picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        picture = picture.convert("RGB" if channels == 3 else "L")  # noqa: PLR2004
        resized = _resize(picture, (width, height), rendering)
    return np.asarray(resized, dtype=np.uint8).reshape(shape)


@_explain_errors
def measure_largest_value(data: bytes, rendering: Rendering = DEFAULT_RENDERING) -> int:
    """Return the largest value of a picture of 16 bits, which :func:`read_header` calls ``deep``.

    Of colours it is rounded up to the last of 256 values that have the same upper byte.

    Raises:
        RejectedImageError: names the reason.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image, _ = opening.open_image(data, rendering)
        image.load()
    return bit_depth.find_largest_value(image)


def _read_plain_header(data: bytes, rendering: Rendering) -> ImageHeader | None:
    opening.check_bytes(data)
    header = bmp.read_plain_header(data) or jpeg.read_plain_header(data)
    if header:
        opening.check_size(header.width, header.height, rendering)
    return header


def _decode_plain(
    data: bytes, size: tuple[int, int], rendering: Rendering
) -> NDArray[np.uint8] | None:
    """Decode a JPEG or BMP that is nothing but pixels, if it is one, much faster than Pillow.

    The pixels are those of Pillow. A large JPEG is left to it, which decodes it reduced.
    """
    header = _read_plain_header(data, rendering)
    if not header:
        return None
    if header.format == "BMP":
        return bmp.decode_plain(data, header)
    if find_reduction((header.width, header.height), size) > 1:
        return None
    return jpeg.decode_plain(data, header.grayscale)


def _load(data: bytes, shape: tuple[int, int, int], rendering: Rendering) -> Image.Image:
    opened, parts = opening.open_image(data, rendering)
    if opened.format in {"JPEG", "MPO"}:
        reduction = find_reduction(opened.size, shape[1::-1])
        if reduction > 1:
            opened.draft(None, (opened.width // reduction, opened.height // reduction))
    is_deep = rendering.bit_depth < bit_depth.MOST_BITS and bit_depth.stores_deep_colors(opened)
    opened.load()
    if opened.mode in UNKNOWN_RANGE:
        raise RejectedImageError("unsupported_mode", f"{UNKNOWN_RANGE[opened.mode]} pixels")
    image: Image.Image = opened
    if is_deep:  # Pillow has taken the upper 8 bits of 16
        lower, _ = opening.open_image(data, rendering)
        bit_depth.select_lower_half(lower)
        lower.load()
        image = bit_depth.join_halves(opened, lower, rendering.bit_depth)
    image = shrink_large(make_8_bit(image, rendering.bit_depth), shape[1::-1])
    if parts.orientation in TURNS:
        image = image.transpose(TURNS[parts.orientation])
    return flatten(image, parts.profile, ImageColor.getrgb(rendering.background)[:3])


def _resize(image: Image.Image, size: tuple[int, int], rendering: Rendering) -> Image.Image:
    if image.size == size:
        return image
    if rendering.resize == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    if rendering.resize == "pad":
        color = ImageColor.getcolor(rendering.background, image.mode)
        return ImageOps.pad(image, size, Image.Resampling.BILINEAR, color=color)
    return image.resize(size, Image.Resampling.BILINEAR)
