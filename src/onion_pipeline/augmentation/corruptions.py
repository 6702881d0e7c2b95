"""Common corruptions: what happens to pictures on their way, in five strengths.

Noise, blur, weather and the traces of digital processing, as in the benchmarks ImageNet-C and
CIFAR-10-C. Lengths grow with the side of the picture, from what CIFAR-10-C takes for 32 pixels.

Source: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions
and Perturbations", ICLR 2019. Four of its fifteen are left out: frost, for which photographs of
ice are laid over the picture; snow and fog, since that of albumentations leaves pictures in grey
as they are, or takes 40 to 60 ms for one of 28 to 64 pixels; and defocus, of which it has no
strengths below a radius of one pixel. Gaussian blur, saturation and spatter, of its further ones,
are in. The package ``imagecorruptions`` is of 2021.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.variants import make_variants

SEVERITIES = (1, 2, 3, 4, 5)
SIDE = 32  # pixels, of the pictures that the lengths are given for
Arguments = dict[str, Any]
# Of OpenCV: down by the mean of an area, up by repeating pixels. Its plain INTER_NEAREST (0) would
# also move the picture by up to half a block, which costs more than the blocks do.
MEANS_TO_BLOCKS = {"downscale": 3, "upscale": 6}
STILL = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
FOR_COLORS = frozenset({"saturation", "spatter"})  # which take pictures of three channels alone
REFLECTED = 4  # also of OpenCV: what moves in from outside is the picture's own border, not black


class Corruption(NamedTuple):
    """One kind of damage.

    Args:
        transform: of albumentations.
        strengths: one for each severity.
        make_arguments: of the transform, from a strength and the scale: the shorter side of
            the picture over :data:`SIDE`.
    """

    transform: str
    strengths: tuple[Any, ...]
    make_arguments: Callable[[Any, float], Arguments]


def _fix(name: str, **others: Any) -> Callable[[Any, float], Arguments]:
    """Return what fixes an argument, which albumentations takes as a range, at the strength."""
    return lambda strength, _: others | {name: (strength, strength)}


def _odd(length: float) -> int:
    """Return the odd number of pixels nearest to `length`, 3 or more."""
    return max(3, 2 * round((length - 1) / 2) + 1)


CATEGORIES = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
    "blur": ("gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "weather": ("spatter", "brightness"),
    "digital": ("contrast", "saturation", "elastic_transform", "pixelate", "jpeg_compression"),
}
CORRUPTIONS = {
    "gaussian_noise": Corruption("GaussNoise", (0.04, 0.06, 0.08, 0.09, 0.1), _fix("std_range")),
    "shot_noise": Corruption(
        "ShotNoise", (1 / 500, 1 / 250, 1 / 100, 1 / 75, 1 / 50), _fix("scale_range")
    ),
    "impulse_noise": Corruption(
        "SaltAndPepper", (0.01, 0.02, 0.03, 0.05, 0.07), _fix("amount", salt_vs_pepper=(0.5, 0.5))
    ),
    "gaussian_blur": Corruption(
        "GaussianBlur",
        (0.4, 0.6, 0.7, 0.8, 1.0),
        lambda spread, scale: {"sigma_limit": (spread * scale,) * 2, "blur_limit": 0},
    ),
    "glass_blur": Corruption(
        "GlassBlur",
        ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2)),
        lambda glass, scale: {
            "sigma": glass[0] * scale,
            "max_delta": max(1, round(scale)),
            "iterations": glass[1],
        },
    ),
    "motion_blur": Corruption(
        "MotionBlur",
        (3, 4, 5, 7, 9),
        lambda length, scale: {"blur_limit": (_odd(length * scale),) * 2},
    ),
    "zoom_blur": Corruption(
        "ZoomBlur", (1.06, 1.11, 1.16, 1.21, 1.26), _fix("max_factor", step_factor=(0.01, 0.01))
    ),
    "spatter": Corruption(
        "Spatter", (0.72, 0.7, 0.68, 0.66, 0.64), _fix("cutout_threshold", mode="rain")
    ),
    "brightness": Corruption(
        "RandomBrightnessContrast",
        (0.05, 0.1, 0.15, 0.2, 0.3),
        _fix("brightness_limit", contrast_limit=(0, 0)),
    ),
    "contrast": Corruption("ColorJitter", (0.75, 0.5, 0.4, 0.3, 0.15), _fix("contrast", **STILL)),
    "saturation": Corruption("ColorJitter", (0.6, 0.3, 1.5, 2.0, 3.0), _fix("saturation", **STILL)),
    "elastic_transform": Corruption(
        "ElasticTransform",
        (4, 7, 10, 13, 16),
        lambda reach, scale: {
            "alpha": reach * scale,
            "sigma": max(1, 2.5 * scale),
            "border_mode": REFLECTED,
        },
    ),
    "pixelate": Corruption(
        "Downscale",
        (0.95, 0.9, 0.85, 0.75, 0.65),
        _fix("scale_range", interpolation_pair=MEANS_TO_BLOCKS),
    ),
    "jpeg_compression": Corruption("ImageCompression", (80, 65, 58, 50, 40), _fix("quality_range")),
}


def list_corruptions(channels: int) -> dict[str, str]:
    """Return the corruptions that change pictures of so many channels, each with its category."""
    return {
        name: category
        for category, names in CATEGORIES.items()
        for name in names
        if channels > 1 or name != "saturation"
    }


def corrupt_images(
    images: NDArray[np.uint8], name: str, severity: int, seed: int
) -> NDArray[np.uint8]:
    """Return `images` damaged; what happens to each depends on its pixels and the seed alone.

    Args:
        images: uint8, (N, H, W, C), of one or three channels; so is what is returned.
        name: of :data:`CORRUPTIONS`.
        severity: 1 to 5.
        seed: of the draws.
    """
    kind = CORRUPTIONS[name]
    scale = min(images.shape[1:3]) / SIDE
    arguments = kind.make_arguments(kind.strengths[severity - 1], scale)
    chain = compose([Step(name=kind.transform, arguments={**arguments, "p": 1})])
    is_grey = images.shape[3] == 1
    taken = np.repeat(images, 3, axis=3) if is_grey and name in FOR_COLORS else images
    changed = make_variants(taken, severity, chain, seed)
    if changed.shape == images.shape:
        return changed
    return changed.mean(axis=3, keepdims=True).round().astype(np.uint8)
