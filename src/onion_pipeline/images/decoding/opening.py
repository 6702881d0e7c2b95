"""Which files are opened at all, with which limits, and how: the policy before any pixel."""

import io
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image
from PIL.ImageFile import ImageFile

from onion_pipeline.annotations import Animation, Resize
from onion_pipeline.images.decoding import jpeg, png, tiff
from onion_pipeline.images.decoding.bit_depth import MOST_BITS
from onion_pipeline.images.decoding.exif import Parts, find_orientation, limit_profile

if TYPE_CHECKING:  # each worker would import Pydantic
    from onion_pipeline.parameters import IngestParameters

# An allow-list: Pillow also opens formats that run programs (EPS) or fetch other files.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
# How files of these formats begin: one that does but is not identified is damaged.
SIGNATURES = (jpeg.SIGNATURE, png.SIGNATURE, b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
MAX_BYTES = 768 << 20  # a TIFF without compression has three for each of MAX_PIXELS
MAX_PIXELS = 250_000_000  # unless the parameters say otherwise
# What is decoded to 16 bytes for a pixel, where other formats take 4.
WEIGHTS = {"WEBP": 4}
# What JPEG and WebP can state. Antialiasing needs memory for each pixel of a side.
MAX_SIDE = 65_535


class Rendering(NamedTuple):
    """The choices in how a picture becomes pixels; the same in training and in serving.

    Args:
        resize: ``stretch`` to the shape, ``crop`` the middle or ``pad`` with the background
            to keep the proportions.
        background: what shows through transparent pixels, a colour by its CSS name or code.
        animation: ``refuse`` files with several frames or take their ``first_frame``.
        max_pixels: pictures with more are refused.
        bit_depth: the bits that values of 16-bit files really have.
    """

    resize: Resize = "stretch"
    background: str = "white"
    animation: Animation = "refuse"
    max_pixels: int = MAX_PIXELS
    bit_depth: int = MOST_BITS


DEFAULT_RENDERING = Rendering()


def make_rendering(parameters: "IngestParameters", found_depth: int = MOST_BITS) -> Rendering:
    """Return how the user wants pictures to become pixels.

    The values of 16-bit files have `found_depth` bits, if the user leaves that to the data.
    """
    wanted = parameters.model_dump(include={*Rendering._fields})
    found = {"bit_depth": found_depth} if parameters.bit_depth == "auto" else {}
    return Rendering(**wanted | found)


class RejectedImageError(ValueError):
    """A file that is no usable image, for a `reason`, and in `detail` what was found, in words.

    Reasons are the codes in :data:`onion_pipeline.images.quarantine.REASONS`.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.reason, self.detail)


def check_bytes(data: bytes) -> None:
    """Check that `data` is something, and not too much."""
    if not data:
        raise RejectedImageError("empty", "the file has no bytes")
    if len(data) > MAX_BYTES:
        raise RejectedImageError("too_many_bytes", f"{len(data)} bytes, {MAX_BYTES} allowed")


def check_size(width: int, height: int, rendering: Rendering, file_format: str = "") -> None:
    """Check the sides of a picture before memory is taken for them."""
    if min(width, height) < 1 or max(width, height) > MAX_SIDE:
        raise RejectedImageError(
            "too_many_pixels", f"{width}x{height} pixels, a side may have 1 to {MAX_SIDE}"
        )
    weight = WEIGHTS.get(file_format, 1)
    needed = width * height * weight
    if needed > rendering.max_pixels:
        counted = f", counted {weight} times in {file_format}," if weight > 1 else ""
        raise RejectedImageError(
            "too_many_pixels",
            f"{width}x{height} are {width * height} pixels{counted} and ingest.max_pixels allows "
            f"{rendering.max_pixels}: --params ingest.max_pixels={needed}",
        )


def open_image(
    data: bytes, rendering: Rendering, header_only: bool = False
) -> tuple[ImageFile, Parts]:
    """Return a picture that is not decoded yet, and what its file says beside its pixels."""
    # Pillow's own limit is one for the whole process, half of what it refuses. It is only raised,
    # so that no other thread and no other library misses it.
    if Image.MAX_IMAGE_PIXELS is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, (rendering.max_pixels + 1) // 2)
    parts = _split_metadata(data, header_only)
    image = Image.open(parts.file if parts else io.BytesIO(data), formats=FORMATS)
    check_size(*image.size, rendering, str(image.format))
    parts = parts or _read_metadata(image)
    # MPO is a JPEG with further pictures behind it, such as the previews of telephones.
    if rendering.animation == "refuse" and image.format not in {"JPEG", "MPO"}:
        frames = max(parts.frames, getattr(image, "n_frames", 1))
        if frames > 1:
            raise RejectedImageError("animated", f"{frames} frames")
    return image, parts


def _split_metadata(data: bytes, header_only: bool) -> Parts | None:
    """Return the parts of a file of a format that is taken apart; else Pillow reads the whole."""
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.split_metadata(data, header_only)
    if data.startswith(png.SIGNATURE):
        return png.split_metadata(data, header_only)
    return tiff.split_metadata(data, header_only)


def _read_metadata(image: Image.Image) -> Parts:
    """Return what Pillow has read beside the pixels; TIFFs it turns by itself."""
    exif, xmp = (image.info.get(name) for name in ("exif", "xmp"))
    known = [part if isinstance(part, bytes) else b"" for part in (exif, xmp)]
    profile = limit_profile(image.info.get("icc_profile"))
    is_turned = image.format == "TIFF"
    return Parts(io.BytesIO(), 1 if is_turned else find_orientation(*known), profile)
