"""Flips, quarter turns and the swap of both axes: the pixels of albumentations."""

from typing import Any

import numpy as np

from onion_pipeline.augmentation.plan import Plan, Shape, pick, plan_fixed

HORIZONTAL, VERTICAL = 1, 0


def plan_flip(code: int, transform: Any, shape: Shape) -> Plan:
    """Return how ``HorizontalFlip`` or ``VerticalFlip`` is applied, by OpenCV's code of it."""
    import cv2

    flip = cv2.flip
    return plan_fixed(lambda image: flip(image, code))


def plan_transposition(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``Transpose`` is applied to squares. Others are left to albumentations."""
    if shape[0] != shape[1]:
        return None
    return plan_fixed(lambda image: np.ascontiguousarray(image.swapaxes(0, 1)))


def plan_quarter_turn(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``RandomRotate90`` is applied to squares. Others are left to albumentations."""
    if shape[0] != shape[1]:
        return None

    return Plan(
        numbers=1,
        draw=lambda numbers: {"factor": pick(numbers[0], 0, 3)},
        prepare=lambda drawn: drawn["factor"].tolist(),
        change=lambda image, factor: np.ascontiguousarray(np.rot90(image, factor)),
    )
