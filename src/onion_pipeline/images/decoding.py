"""From the bytes of a file to pixels: one policy, used in training and in serving alike.

| reason | the file |
|---|---|
| `unreadable` | could not be read from disk or from its archive |
| `no_label` | lies in no class folder |
| `empty` | has no bytes |
| `too_many_bytes` | is larger than 64 MiB |
| `unsupported_format` | is not JPEG, PNG, BMP, GIF, WebP or TIFF |
| `too_many_pixels` | has over 50 million pixels, or a side over 20,000 |
| `animated` | has several frames, of which none is the picture |
| `unsupported_mode` | stores pixels that have no 8-bit meaning (floating point) |
| `undecodable` | is truncated or damaged |
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from onion_pipeline.parameters import Resize

# An allow-list: Pillow also opens formats that run programs (EPS) or fetch other files.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
# How files of these formats begin: one that does but is not identified is damaged.
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
MAX_BYTES = 64 << 20
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
GRAYSCALE_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"})
DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
ORIENTATION = 0x0112  # the Exif tag; 5 to 8 turn the picture by a quarter
BACKGROUND = (255, 255, 255)


class RejectedImageError(ValueError):
    """A file that is no usable image.

    Args:
        reason: a code from the table in this module's docstring.
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


def read_header(data: bytes) -> ImageHeader:
    """Return what `data` says of itself, without decoding a pixel.

    Raises:
        RejectedImageError: see the table in this module's docstring.
    """
    with _name_reason(data):
        image = _open(data)
        # Pillow decodes a PNG that has no Exif before its pixels, to look for one behind them.
        exif = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
    lies_on_its_side = exif.get(ORIENTATION, 1) >= 5  # noqa: PLR2004
    width, height = reversed(image.size) if lies_on_its_side else image.size
    return ImageHeader(str(image.format), height, width, image.mode in GRAYSCALE_MODES)


def decode_image(
    data: bytes, shape: tuple[int, int, int], resize: Resize = "stretch"
) -> NDArray[np.uint8]:
    """Return the picture in `data` upright, opaque, in sRGB and at the wanted size.

    Args:
        data: an encoded image file.
        shape: height, width and channels (1 grayscale, 3 RGB) of the result.
        resize: ``stretch`` to the shape, ``crop`` the middle or ``pad`` with white to keep
            the proportions; always antialiased.

    Returns:
        uint8, `shape`, in [0, 255].

    Raises:
        RejectedImageError: see the table in this module's docstring.
    """
    height, width, channels = shape
    with _name_reason(data):
        picture = _flatten(_load(data)).convert("RGB" if channels == 3 else "L")  # noqa: PLR2004
        resized = _resize(picture, (width, height), resize)
    return np.asarray(resized, dtype=np.uint8).reshape(shape)


def _open(data: bytes) -> Image.Image:
    if not data:
        raise RejectedImageError("empty", "the file has no bytes")
    if len(data) > MAX_BYTES:
        raise RejectedImageError("too_many_bytes", f"{len(data)} bytes, {MAX_BYTES} allowed")
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = image.size
    if min(width, height) < 1 or width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise RejectedImageError("too_many_pixels", f"{width}x{height} pixels")
    frames = getattr(image, "n_frames", 1)
    # MPO is a JPEG with further pictures behind it, such as the previews of telephones.
    if frames > 1 and image.format not in {"JPEG", "MPO"}:
        raise RejectedImageError("animated", f"{frames} frames")
    return image


def _load(data: bytes) -> Image.Image:
    image = _open(data)
    if image.format == "PNG":  # load() alone overlooks a bad checksum in the last block
        image.verify()
        image = _open(data)
    image.load()
    if image.mode == "F":
        raise RejectedImageError("unsupported_mode", "32-bit floating point pixels")
    return image


@contextmanager
def _name_reason(data: bytes) -> Iterator[None]:
    """Turn what Pillow raises into a reason; its decoders raise almost anything on bad bytes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters raises; the rest is about metadata
            yield
    except RejectedImageError:
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


def _flatten(image: Image.Image) -> Image.Image:
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
        canvas = Image.new("RGBA", image.size, (*BACKGROUND, 255))
        image = Image.alpha_composite(canvas, image)
    return image


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits, where Pillow's own ``convert`` would clip at 255."""
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 65535:  # noqa: PLR2004
        raise RejectedImageError("unsupported_mode", "grey values outside 0 to 65535")
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


def _resize(image: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    if image.size == size:
        return image
    if resize == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    if resize == "pad":
        white = BACKGROUND if image.mode == "RGB" else BACKGROUND[0]
        return ImageOps.pad(image, size, Image.Resampling.BILINEAR, color=white)
    return image.resize(size, Image.Resampling.BILINEAR)
