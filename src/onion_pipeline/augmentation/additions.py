"""Transforms beside those of albumentations, and made of them.

What they draw can also be applied here, by albumentations itself: that is what the quick ways of
``operations`` and ``crops`` are compared with, and what images of other types go through.
"""

from collections.abc import Callable, Sequence
from typing import Any

import albumentations
import cv2
from albumentations.augmentations.crops.functional import crop
from albumentations.augmentations.geometric.functional import resize
from albumentations.core.transforms_interface import BaseTransformInitSchema
from numpy.typing import NDArray
from pydantic import Field

from onion_pipeline.augmentation.operations import (
    NUMBERS,
    STRONGEST,
    draw_operations,
    make_sharpening,
)

MOST_OPERATIONS = 14
ANY_SIZE = (1, 1)
BITS = 8
STILL = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
NO_SHEAR = {"x": (0, 0), "y": (0, 0)}


class TrivialAugment(albumentations.ImageOnlyTransform):
    """One operation, of a strength from a wide range: there is nothing to tune.

    Args:
        p: the probability that it is applied.
    """

    is_wide = True
    magnitude: int | None = None
    num_ops = 1

    class InitSchema(BaseTransformInitSchema):
        """Only the probability."""

    def __init__(self, p: float = 1.0) -> None:
        super().__init__(p=p)

    def apply(
        self, img: NDArray[Any], operations: Sequence[tuple[str, float]], **params: Any
    ) -> NDArray[Any]:
        """Return an image as these operations change it, each given by name and value."""
        for name, value in operations:
            img = _apply_stock(img, name, value)
        return img

    def get_params_dependent_on_data(self, params: Any, data: Any) -> dict[str, Any]:
        """Draw the operations."""
        numbers = self.random_generator.random((NUMBERS * self.num_ops, 1))
        (drawn,) = draw_operations(numbers, params["shape"], self.is_wide, self.magnitude)
        return {"operations": drawn}


class RandAugment(TrivialAugment):
    """Some operations, one after the other, all of the same strength.

    Args:
        num_ops: how many.
        magnitude: the strength, 0 to 30.
        p: the probability that they are applied.
    """

    is_wide = False

    class InitSchema(BaseTransformInitSchema):
        """What is allowed."""

        num_ops: int = Field(ge=1, le=MOST_OPERATIONS)
        magnitude: int = Field(ge=0, le=STRONGEST)

    def __init__(self, num_ops: int = 2, magnitude: int = 9, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.num_ops, self.magnitude = num_ops, magnitude


class RandomResizedCrop(albumentations.RandomResizedCrop):
    """That of albumentations, which wants a size: without one, a picture keeps its own."""

    size: tuple[int, int] | None

    def __init__(  # noqa: PLR0913, PLR0917 (the arguments are those of albumentations)
        self,
        size: tuple[int, int] | None = None,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: int = cv2.INTER_LINEAR,
        mask_interpolation: int = cv2.INTER_NEAREST,
        area_for_downscale: str | None = None,
        p: float = 1.0,
    ) -> None:
        super().__init__(
            ANY_SIZE if size is None else size,
            scale,
            ratio,
            interpolation,
            mask_interpolation,
            area_for_downscale,
            p,
        )
        self.size = None if size is None else self.size

    def apply(
        self, img: NDArray[Any], crop_coords: tuple[int, int, int, int], **params: Any
    ) -> NDArray[Any]:
        """Return this part of an image in the size that is wanted, or its own."""
        if self.size is not None:
            return super().apply(img, crop_coords, **params)
        return resize(crop(img, *crop_coords), img.shape[:2], self.interpolation)


ADDED = {kind.__name__: kind for kind in (TrivialAugment, RandAugment, RandomResizedCrop)}


def _apply_stock(image: NDArray[Any], name: str, value: float) -> NDArray[Any]:
    kind, _, axis = name.partition(" ")
    if kind == "sharpness":  # whose own arguments know no smoothing
        kernel = make_sharpening(value)
        return albumentations.Sharpen().apply(image, alpha=0, sharpening_matrix=kernel)
    if kind == "posterize" and value == BITS:  # which it refuses
        return image
    changed: NDArray[Any] = STOCK[kind](value, axis)(image=image)["image"]
    return changed


def _jitter(name: str) -> Callable[[float, str], Any]:
    return lambda factor, _: albumentations.ColorJitter(**STILL | {name: (factor,) * 2}, p=1)


# The transforms of albumentations that do an operation of a value, along an axis.
STOCK: dict[str, Callable[[float, str], Any]] = {
    "identity": lambda *_: albumentations.NoOp(p=1),
    "shear": lambda angle, axis: albumentations.Affine(shear=NO_SHEAR | {axis: (angle,) * 2}, p=1),
    "translate": lambda pixels, axis: albumentations.Affine(
        translate_px={axis: (int(pixels),) * 2}, p=1
    ),
    "rotate": lambda angle, _: albumentations.Affine(rotate=(angle,) * 2, p=1),
    "brightness": _jitter("brightness"),
    "color": _jitter("saturation"),
    "contrast": _jitter("contrast"),
    "posterize": lambda bits, _: albumentations.Posterize(num_bits=int(bits), p=1),
    "solarize": lambda share, _: albumentations.Solarize(threshold_range=(share,) * 2, p=1),
    "autocontrast": lambda *_: albumentations.AutoContrast(method="pil", p=1),
    "equalize": lambda *_: albumentations.Equalize(p=1),
}
