"""From the bytes of a file to pixels: one policy, used in training and in serving alike.

What is refused, and why, is told by a reason code (:mod:`onion_pipeline.images.quarantine`).
What is accepted is turned upright (Exif), converted to sRGB (ICC) and to 8 bits (16-bit values
are scaled, not clipped), laid on a background where it is transparent, and resized with
antialiasing.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor, ImageOps, UnidentifiedImageError

from onion_pipeline.annotations import Animation, Resize
from onion_pipeline.errors import InterruptedRunError
from onion_pipeline.images import bmp, jpeg

if TYPE_CHECKING:  # each worker would import Pydantic
    from onion_pipeline.parameters import IngestParameters

# An allow-list: Pillow also opens formats that run programs (EPS) or fetch other files.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
# How files of these formats begin: one that does but is not identified is damaged.
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
MAX_BYTES = 64 << 20
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
GRAYSCALE_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"})
DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
# Without a stated range of values, what is white cannot be known.
UNKNOWN_RANGE = {"F": "floating point", "I": "32-bit integer"}
ORIENTATION = 0x0112  # the Exif tag; 5 to 8 turn the picture by a quarter


class Rendering(NamedTuple):
    """The choices in how a picture becomes pixels; the same in training and in serving.

    Args:
        resize: ``stretch`` to the shape, ``crop`` the middle or ``pad`` with the background
            to keep the proportions.
        background: what shows through transparent pixels, a colour by its CSS name or code.
        animation: ``refuse`` files with several frames or take their ``first_frame``.
    """

    resize: Resize = "stretch"
    background: str = "white"
    animation: Animation = "refuse"


DEFAULT_RENDERING = Rendering()


def make_rendering(parameters: "IngestParameters") -> Rendering:
    """Return how `parameters` want pictures to become pixels."""
    return Rendering(parameters.resize, parameters.background, parameters.animation)


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
    _check_bytes(data)
    plain = jpeg.read_plain_header(data)
    if plain:
        _check_size(plain.width, plain.height)
        return ImageHeader("JPEG", plain.height, plain.width, plain.grayscale)
    size = bmp.read_plain_size(data)
    if size:
        _check_size(size[1], size[0])
        return ImageHeader("BMP", *size, grayscale=True)
    with _name_reason(data):
        image = _open(data, rendering.animation)
        # Pillow decodes a PNG that has no Exif before its pixels, to look for one behind them.
        exif = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
    lies_on_its_side = exif.get(ORIENTATION, 1) >= 5  # noqa: PLR2004
    width, height = reversed(image.size) if lies_on_its_side else image.size
    return ImageHeader(str(image.format), height, width, image.mode in GRAYSCALE_MODES)


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
    _check_bytes(data)
    pixels = _decode_plain(data, (width, height))
    if pixels is not None and pixels.shape == shape:
        return pixels
    with _name_reason(data):
        picture = _load(data, shape, rendering) if pixels is None else _show(pixels)
        picture = picture.convert("RGB" if channels == 3 else "L")  # noqa: PLR2004
        resized = _resize(picture, (width, height), rendering)
    return np.asarray(resized, dtype=np.uint8).reshape(shape)


def _check_bytes(data: bytes) -> None:
    if not data:
        raise RejectedImageError("empty", "the file has no bytes")
    if len(data) > MAX_BYTES:
        raise RejectedImageError("too_many_bytes", f"{len(data)} bytes, {MAX_BYTES} allowed")


def _check_size(width: int, height: int) -> None:
    if min(width, height) < 1 or width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise RejectedImageError("too_many_pixels", f"{width}x{height} pixels")


def _open(data: bytes, animation: Animation) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    _check_size(*image.size)
    # MPO is a JPEG with further pictures behind it, such as the previews of telephones.
    if animation == "refuse" and image.format not in {"JPEG", "MPO"}:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise RejectedImageError("animated", f"{frames} frames")
    return image


def _decode_plain(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Decode a JPEG or BMP that is nothing but pixels, if it is one, much faster than Pillow.

    The pixels are those of Pillow. A large JPEG is left to it, which decodes it reduced.
    """
    size_in_file = bmp.read_plain_size(data)
    if size_in_file:
        _check_size(*reversed(size_in_file))
        return bmp.decode_plain(data, size_in_file)
    plain = jpeg.read_plain_header(data)
    if not plain:
        return None
    _check_size(plain.width, plain.height)
    if _find_reduction((plain.width, plain.height), size) > 1:
        return None
    return jpeg.decode_plain(data, plain.grayscale)


def _show(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _load(data: bytes, shape: tuple[int, int, int], rendering: Rendering) -> Image.Image:
    image = _open(data, rendering.animation)
    if image.format == "PNG":  # load() alone overlooks a bad checksum in the last block
        image.verify()
        image = _open(data, rendering.animation)
    if image.format in {"JPEG", "MPO"}:
        _reduce(image, shape[1::-1])
    image.load()
    if image.mode in UNKNOWN_RANGE:
        raise RejectedImageError("unsupported_mode", f"{UNKNOWN_RANGE[image.mode]} pixels")
    return _flatten(image, ImageColor.getrgb(rendering.background)[:3])


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
    """
    room = min(source) // (3 * max(target))
    if room < 2:  # noqa: PLR2004 - as with most small pictures, of which there are many
        return 1
    for reduction in (8, 4, 2):
        fits = room >= reduction
        if fits and source[0] % reduction == source[1] % reduction == 0:
            return reduction
    return 1


@contextmanager
def _name_reason(data: bytes) -> Iterator[None]:
    """Turn what Pillow raises into a reason; its decoders raise almost anything on bad bytes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters raises; the rest is about metadata
            yield
    except (RejectedImageError, InterruptedRunError):
        raise
    except Image.DecompressionBombError as error:
        raise RejectedImageError("too_many_pixels", str(error)) from error
    except UnidentifiedImageError as error:
        if data.startswith(SIGNATURES):
            raise RejectedImageError("undecodable", "its header is damaged or cut short") from error
        raise RejectedImageError(
            "unsupported_format",
            f"none of {', '.join(FORMATS)}; it starts with {data[:8].hex(' ')}",
        ) from error
    except Exception as error:
        raise RejectedImageError("undecodable", f"{type(error).__name__}: {error}") from error


def _flatten(image: Image.Image, background: tuple[int, ...]) -> Image.Image:
    """Turn upright, scale to 8 bits, convert to sRGB and lay on the background."""
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in DEEP_MODES:
        image = _scale_to_8_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in {"P", "LAB"}:  # Pillow converts LAB to nothing else
        image = image.convert("RGB")
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
