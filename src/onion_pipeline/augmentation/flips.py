"""Flips and quarter turns of albumentations: the same pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.randomness import Apply, Draws

HORIZONTAL, VERTICAL = 1, 0


def plan_horizontal_flip(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply:
    """Return what ``HorizontalFlip`` does to images of `shape` when it is applied.

    Args:
        transform: of albumentations, with its checked arguments.
        draws: the streams that all steps share.
        shape: (H, W, C); images of one channel come as (H, W).

    Returns:
        A function of an image.
    """
    return _plan_flip(HORIZONTAL)


def plan_vertical_flip(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply:
    """Return what ``VerticalFlip`` does; see :func:`plan_horizontal_flip`."""
    return _plan_flip(VERTICAL)


def plan_transposition(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply | None:
    """Return what ``Transpose`` does to square images; see :func:`plan_horizontal_flip`."""
    if shape[0] != shape[1]:
        return None
    return lambda image: np.ascontiguousarray(image.swapaxes(0, 1))


def plan_quarter_turn(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply | None:
    """Return what ``RandomRotate90`` does to square images; see :func:`plan_horizontal_flip`."""
    if shape[0] != shape[1]:
        return None
    randint = draws.python.randint

    def apply(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.rot90(image, randint(0, 3)))

    return apply


def _plan_flip(code: int) -> Apply:
    import cv2

    flip = cv2.flip
    return lambda image: flip(image, code)  # type: ignore[return-value]
