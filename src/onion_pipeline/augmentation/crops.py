"""RandomResizedCrop: the parts that albumentations cuts out and enlarges, for a given draw."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, pick, spread

TRIES = 10  # of a part that fits into the picture, until it is one of the middle


def plan_resized_crop(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``RandomResizedCrop`` is applied.

    Left to albumentations: sizes other than the picture's own.
    """
    if transform.size not in {None, shape[:2]}:
        return None
    middle = _find_middle(transform.ratio, shape)
    if not middle.all():
        return None
    size, interpolation = shape[1::-1], transform.interpolation

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        tried, fits = _try_sides(numbers[2:].reshape(2, TRIES, -1), transform, shape)
        sides = np.where(fits, tried, middle)
        room = np.reshape(shape[:2], (2, 1)) - sides
        tops, lefts = places = np.where(fits, pick(numbers[:2], 0, room), room // 2)
        bottoms, rights = places + sides
        return {"crop_coords": np.stack([lefts, tops, rights, bottoms], axis=1).tolist()}

    def change(image: NDArray[np.uint8], corners: list[int]) -> Any:
        left, top, right, bottom = corners
        part = image[top:bottom, left:right]
        return part if part.shape == shape else cv2.resize(part, size, None, 0, 0, interpolation)

    return Plan(2 + 2 * TRIES, draw, lambda drawn: drawn["crop_coords"], change)


def _try_sides(
    numbers: NDArray[np.float64], transform: Any, shape: Shape
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return heights and widths, (2, N), by the first try that fits, and whether any one does."""
    areas = spread(numbers[0], np.multiply(transform.scale, shape[0] * shape[1]))
    ratios = np.exp(spread(numbers[1], np.log(transform.ratio)))
    tried = np.rint(np.sqrt([areas / ratios, areas * ratios])).astype(np.int64)
    fits = ((tried > 0) & (tried <= np.reshape(shape[:2], (2, 1, 1)))).all(axis=0)
    first = np.take_along_axis(tried, fits.argmax(axis=0)[None, None], axis=1)[:, 0]
    return first, np.asarray(fits.any(axis=0))


def _find_middle(ratio: tuple[float, float], shape: Shape) -> NDArray[np.int64]:
    """Return height and width, (2, 1), of the largest part of an allowed ratio."""
    height, width = shape[:2]
    if width / height < ratio[0]:
        height = round(width / ratio[0])
    elif width / height > ratio[1]:
        width = round(height * ratio[1])
    return np.array([[height], [width]])
