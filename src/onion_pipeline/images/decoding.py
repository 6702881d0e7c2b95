"""From the bytes of a file to pixels: one policy, used in training and in serving alike.

What is refused, and why, is told by a reason code (:mod:`onion_pipeline.images.quarantine`).
What is accepted is turned upright (Exif), converted to sRGB (ICC) and to 8 bits (16-bit values
are scaled, not clipped), laid on a background where it is transparent, and resized with
antialiasing.
"""

import io
import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor, ImageOps, UnidentifiedImageError
from PIL.Image import Transpose

from onion_pipeline.annotations import Animation, Resize
from onion_pipeline.errors import InterruptedRunError
from onion_pipeline.images import bmp, jpeg, png, tiff
from onion_pipeline.images.foreign import RAW, name_foreign
from onion_pipeline.images.metadata import Parts, find_orientation, limit_profile

if TYPE_CHECKING:  # each worker would import Pydantic
    from onion_pipeline.parameters import IngestParameters

# An allow-list: Pillow also opens formats that run programs (EPS) or fetch other files.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
# How files of these formats begin: one that does but is not identified is damaged.
JPEG_SIGNATURE = b"\xff\xd8\xff"
SIGNATURES = (JPEG_SIGNATURE, b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
MAX_BYTES = 768 << 20  # a TIFF without compression has three for each of MAX_PIXELS
MAX_PIXELS = 250_000_000  # unless the parameters say otherwise
# What JPEG and WebP can state. Antialiasing needs memory for each pixel of a side.
MAX_SIDE = 65_535
# Above it a picture is made smaller before anything else is done to it.
LARGE = 50_000_000
GRAYSCALE_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"})
DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
SHOWN = 40  # bytes of a file that is none
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


class Rendering(NamedTuple):
    """The choices in how a picture becomes pixels; the same in training and in serving.

    Args:
        resize: ``stretch`` to the shape, ``crop`` the middle or ``pad`` with the background
            to keep the proportions.
        background: what shows through transparent pixels, a colour by its CSS name or code.
        animation: ``refuse`` files with several frames or take their ``first_frame``.
        max_pixels: pictures with more are refused.
    """

    resize: Resize = "stretch"
    background: str = "white"
    animation: Animation = "refuse"
    max_pixels: int = MAX_PIXELS


DEFAULT_RENDERING = Rendering()


def make_rendering(parameters: "IngestParameters") -> Rendering:
    """Return how `parameters` want pictures to become pixels."""
    return Rendering(
        parameters.resize, parameters.background, parameters.animation, parameters.max_pixels
    )


class RejectedImageError(ValueError):
    """A file that is no usable image.

    Args:
        reason: a code from :data:`onion_pipeline.images.quarantine.REASONS`.
        detail: what was found, in words.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.reason, self.detail)


class ImageHeader(NamedTuple):
    """What the first bytes of an image tell; sides are in pixels, as the picture is shown."""

    format: str
    height: int
    width: int
    grayscale: bool


def read_header(data: bytes, rendering: Rendering = DEFAULT_RENDERING) -> ImageHeader:
    """Return what `data` says of itself, without decoding a pixel.

    Raises:
        RejectedImageError: names the reason.
    """
    try:
        return _read_plain_header(data, rendering) or _read_header(data, rendering)
    except (RejectedImageError, InterruptedRunError):
        raise
    except Exception as error:
        raise _explain(error, data) from error


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
    try:
        return _decode(data, shape, rendering)
    except (RejectedImageError, InterruptedRunError):
        raise
    except Exception as error:
        raise _explain(error, data) from error


def _explain(error: Exception, data: bytes) -> RejectedImageError:
    """Return why `data` is refused: whatever decoders raise on it may cost this file alone."""
    if isinstance(error, Image.DecompressionBombError):
        return RejectedImageError("too_many_pixels", str(error))
    foreign = name_foreign(data)
    if foreign:
        return RejectedImageError("unsupported_format", f"it is {foreign}")
    if not isinstance(error, UnidentifiedImageError):
        return RejectedImageError("undecodable", f"{type(error).__name__}: {error}")
    if data.startswith(SIGNATURES):
        return RejectedImageError("undecodable", "its header is damaged or cut short")
    return RejectedImageError(
        "unsupported_format", f"none of {', '.join(FORMATS)}; it starts with {_quote(data)}"
    )


def _quote(data: bytes) -> str:
    """Return the first bytes in hexadecimal digits, or the text that they are."""
    start = data[:SHOWN]
    is_text = start.isascii() and start.decode("ascii").strip().isprintable()
    return f"{start[:8].hex(' ')}{f' ({start.decode()!r})' if is_text else ''}"


def _read_plain_header(data: bytes, rendering: Rendering) -> ImageHeader | None:
    _check_bytes(data)
    plain = jpeg.read_plain_header(data)
    if plain:
        _check_size(plain.width, plain.height, rendering)
        return ImageHeader("JPEG", plain.height, plain.width, plain.grayscale)
    size = bmp.read_plain_size(data)
    if size:
        _check_size(size[1], size[0], rendering)
        return ImageHeader("BMP", *size, grayscale=True)
    return None


def _read_header(data: bytes, rendering: Rendering) -> ImageHeader:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters raises; the rest is about metadata
        image, parts = _open(data, rendering, header_only=True)
    lies_on_its_side = parts.orientation >= FIRST_QUARTER
    width, height = reversed(image.size) if lies_on_its_side else image.size
    return ImageHeader(str(image.format), height, width, image.mode in GRAYSCALE_MODES)


def _decode(data: bytes, shape: tuple[int, int, int], rendering: Rendering) -> NDArray[np.uint8]:
    height, width, channels = shape
    _check_bytes(data)
    pixels = _decode_plain(data, (width, height), rendering)
    if pixels is not None and pixels.shape == shape:
        return pixels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = _load(data, shape, rendering) if pixels is None else _show(pixels)
        picture = picture.convert("RGB" if channels == 3 else "L")  # noqa: PLR2004
        resized = _resize(picture, (width, height), rendering)
    return np.asarray(resized, dtype=np.uint8).reshape(shape)


def _check_bytes(data: bytes) -> None:
    if not data:
        raise RejectedImageError("empty", "the file has no bytes")
    if len(data) > MAX_BYTES:
        raise RejectedImageError("too_many_bytes", f"{len(data)} bytes, {MAX_BYTES} allowed")


def _check_size(width: int, height: int, rendering: Rendering) -> None:
    if min(width, height) < 1 or max(width, height) > MAX_SIDE:
        raise RejectedImageError(
            "too_many_pixels", f"{width}x{height} pixels, a side may have 1 to {MAX_SIDE}"
        )
    if width * height > rendering.max_pixels:
        raise RejectedImageError(
            "too_many_pixels",
            f"{width}x{height} are {width * height} pixels, more than ingest.max_pixels allows "
            f"({rendering.max_pixels}): --params ingest.max_pixels={width * height}",
        )


def _open(
    data: bytes, rendering: Rendering, header_only: bool = False
) -> tuple[Image.Image, Parts]:
    """Return a picture that is not decoded yet, and what its file says beside its pixels."""
    _raise_limit(rendering.max_pixels)
    parts = _split_metadata(data, header_only)
    image = Image.open(parts.file if parts else io.BytesIO(data), formats=FORMATS)
    _check_size(*image.size, rendering)
    parts = parts or _read_metadata(image)
    # MPO is a JPEG with further pictures behind it, such as the previews of telephones.
    if rendering.animation == "refuse" and image.format not in {"JPEG", "MPO"}:
        frames = max(parts.frames, getattr(image, "n_frames", 1))
        if frames > 1:
            raise RejectedImageError("animated", f"{frames} frames")
    return image, parts


def _raise_limit(max_pixels: int) -> None:
    """Have Pillow allow what the parameters allow: its own limit is one for the whole process.

    It is only raised, so that no other thread and no other library misses it.
    """
    limit = Image.MAX_IMAGE_PIXELS  # half of what Pillow refuses
    if limit is not None and 2 * limit < max_pixels:
        Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2


def _split_metadata(data: bytes, header_only: bool) -> Parts | None:
    """Return the parts of a file of a format that is taken apart; else Pillow reads the whole."""
    if data.startswith(JPEG_SIGNATURE):
        return jpeg.split_metadata(data, header_only)
    if data.startswith(png.SIGNATURE):
        return png.split_metadata(data, header_only)
    if tiff.is_camera_raw(data):
        raise RejectedImageError("unsupported_format", f"it is {RAW}")
    return tiff.split_metadata(data)


def _read_metadata(image: Image.Image) -> Parts:
    """Return what Pillow has read beside the pixels; TIFFs it turns by itself."""
    exif, xmp = (image.info.get(name) for name in ("exif", "xmp"))
    known = [part if isinstance(part, bytes) else b"" for part in (exif, xmp)]
    profile = limit_profile(image.info.get("icc_profile"))
    is_turned = image.format == "TIFF"
    return Parts(io.BytesIO(), 1 if is_turned else find_orientation(*known), profile)


def _decode_plain(
    data: bytes, size: tuple[int, int], rendering: Rendering
) -> NDArray[np.uint8] | None:
    """Decode a JPEG or BMP that is nothing but pixels, if it is one, much faster than Pillow.

    The pixels are those of Pillow. A large JPEG is left to it, which decodes it reduced.
    """
    size_in_file = bmp.read_plain_size(data)
    if size_in_file:
        _check_size(size_in_file[1], size_in_file[0], rendering)
        return bmp.decode_plain(data, size_in_file)
    plain = jpeg.read_plain_header(data)
    if not plain:
        return None
    _check_size(plain.width, plain.height, rendering)
    if _find_reduction((plain.width, plain.height), size) > 1:
        return None
    return jpeg.decode_plain(data, plain.grayscale)


def _show(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _load(data: bytes, shape: tuple[int, int, int], rendering: Rendering) -> Image.Image:
    image, parts = _open(data, rendering)
    if image.format in {"JPEG", "MPO"}:
        _reduce(image, shape[1::-1])
    image.load()
    if image.mode in UNKNOWN_RANGE:
        raise RejectedImageError("unsupported_mode", f"{UNKNOWN_RANGE[image.mode]} pixels")
    image = _shrink(_make_8_bit(image), shape[1::-1])
    if parts.orientation in TURNS:
        image = image.transpose(TURNS[parts.orientation])
    return _flatten(image, parts.profile, ImageColor.getrgb(rendering.background)[:3])


def _reduce(image: Image.Image, size: tuple[int, int]) -> None:
    """Have a large JPEG decoded at an eighth, a quarter or half of its sides."""
    reduction = _find_reduction(image.size, size)
    if reduction > 1:
        image.draft(None, (image.width // reduction, image.height // reduction))


def _find_reduction(source: tuple[int, int], target: tuple[int, int]) -> int:
    """Return by how much the sides of a JPEG may be divided while it is decoded.

    The rest stays three times as large as the target, for the antialiasing, and the division
    leaves no remainder, which would move the picture. Measured on photographs of 0.3 to 9
    megapixels, the resized pixels differ by 0.3 of 255 levels in the mean and 99 % of them by
    at most 2 from those of a full decoding, which takes up to six times as long.

    Above 50 megapixels memory counts for more than a remainder, which is of no weight there.
    """
    if source[0] * source[1] > LARGE:
        return _find_least_reduction(source, target)
    room = min(source) // (3 * max(target))
    if room < 2:  # noqa: PLR2004 - as with most small pictures, of which there are many
        return 1
    for reduction in (8, 4, 2):
        fits = room >= reduction
        if fits and source[0] % reduction == source[1] % reduction == 0:
            return reduction
    return 1


def _find_least_reduction(source: tuple[int, int], target: tuple[int, int]) -> int:
    """Return by how much a picture is divided of which the whole would be too large."""
    room, most = min(source) // (3 * max(target)), min(source) // max(target)
    for reduction in (8, 4, 2):
        if room >= reduction:
            return reduction
    needed = next(number for number in (2, 4, 8) if source[0] * source[1] <= LARGE * number**2)
    return needed if needed <= most else 1


def _shrink(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Divide the sides of a large picture, so that what is done to it needs little memory."""
    if image.width * image.height <= LARGE:
        return image
    room, most = min(image.size) // (3 * max(target)), min(image.size) // max(target)
    needed = math.isqrt(image.width * image.height // LARGE) + 1
    factor = max(1, room, min(needed, most))
    return image.reduce(factor) if factor > 1 else image


def _make_8_bit(image: Image.Image) -> Image.Image:
    """Return a picture in gray, RGB or CMYK, with or without transparency, of 8 bits each."""
    if image.mode in DEEP_MODES:
        image = _scale_to_8_bits(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"P", "LAB"}:  # Pillow converts LAB to nothing else
        return image.convert("RGB")
    return image.convert("L") if image.mode == "1" else image


def _flatten(image: Image.Image, profile: bytes | None, background: tuple[int, ...]) -> Image.Image:
    """Convert to sRGB and lay on the background."""
    if profile and image.mode in {"RGB", "RGBA", "CMYK"}:
        image = _convert_to_srgb(image, profile)
    if image.mode == "RGBA":
        canvas = Image.new("RGBA", image.size, (*background, 255))
        image = Image.alpha_composite(canvas, image)
    return image


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits, where Pillow's own ``convert`` would clip at 255."""
    pixels = np.asarray(image).astype(np.int64)
    grey = Image.fromarray(((pixels + 128) // 257).astype(np.uint8))
    if "transparency" in image.info:
        opaque = pixels != image.info["transparency"]
        grey.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
    return grey


def _convert_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    transform = _make_transform(profile, image.mode)
    if transform is None:
        return image  # a damaged profile does not make the pixels worse
    return ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=32)
def _make_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from `profile` to sRGB; pictures of one camera share it, and it is slow."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = "RGBA" if mode == "RGBA" else "RGB"
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _resize(image: Image.Image, size: tuple[int, int], rendering: Rendering) -> Image.Image:
    if image.size == size:
        return image
    if rendering.resize == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    if rendering.resize == "pad":
        color = ImageColor.getcolor(rendering.background, image.mode)
        return ImageOps.pad(image, size, Image.Resampling.BILINEAR, color=color)
    return image.resize(size, Image.Resampling.BILINEAR)
