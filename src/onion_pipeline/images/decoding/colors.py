"""From the colours of a file to opaque gray or sRGB of 8 bits."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from onion_pipeline.images.decoding.bit_depth import DEEP_MODES, scale_to_8_bits


def make_8_bit(image: Image.Image, bit_depth: int) -> Image.Image:
    """Return a picture in gray, RGB or CMYK, with or without transparency, of 8 bits each.

    It is decoded, and its values have a stated range; those of 16-bit gray really `bit_depth` bits.
    """
    if image.mode in DEEP_MODES:
        image = _scale_gray(image, bit_depth)
    if image.mode != "RGBA" and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"P", "LAB"}:  # Pillow converts LAB to nothing else
        return image.convert("RGB")
    return image.convert("L") if image.mode == "1" else image


def flatten(image: Image.Image, profile: bytes | None, background: tuple[int, ...]) -> Image.Image:
    """Convert to sRGB and lay on the background."""
    if profile and image.mode in {"RGB", "RGBA", "CMYK"}:
        transform = _make_transform(profile, image.mode)
        if transform:  # a damaged profile does not make the pixels worse
            image = ImageCms.applyTransform(image, transform) or image
    if image.mode == "RGBA":
        canvas = Image.new("RGBA", image.size, (*background, 255))
        image = Image.alpha_composite(canvas, image)
    return image


def _scale_gray(image: Image.Image, bit_depth: int) -> Image.Image:
    """Scale 16-bit gray to 8 bits, where Pillow's own ``convert`` would clip at 255."""
    pixels = np.asarray(image)
    gray = Image.fromarray(scale_to_8_bits(pixels, bit_depth))
    if "transparency" in image.info:
        opaque = pixels != image.info["transparency"]
        gray.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
    return gray


@lru_cache(maxsize=32)
def _make_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from `profile` to sRGB; pictures of one camera share it, and it is slow."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = "RGBA" if mode == "RGBA" else "RGB"
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
