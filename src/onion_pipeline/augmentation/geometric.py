"""Flips, turns, Affine and Rotate: the pixels of albumentations for a given draw."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, pick, plan_fixed, spread

IDENTITY = np.eye(3)
# np.allclose(matrix, IDENTITY), by which albumentations leaves an image alone.
TOLERANCE = 1e-8 + 1e-5 * IDENTITY
LINEAR, CONSTANT = 1, 0  # the defaults of cv2.warpAffine
HORIZONTAL, VERTICAL = 1, 0


def plan_flip(code: int, transform: Any, shape: Shape) -> Plan:
    """Return how ``HorizontalFlip`` or ``VerticalFlip`` is applied, by OpenCV's code of it."""
    return plan_fixed(lambda image: cv2.flip(image, code))


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


def plan_affine(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``Affine`` is applied. Left to albumentations: fitted outputs, balanced scales."""
    if transform.fit_output or transform.balanced_scale:
        return None
    limits = _list_limits(transform, shape)
    round_shift = np.trunc if transform.translate_px is None else np.floor

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        shift, shear, scale, (angles,) = np.split(spread(numbers, limits), (2, 4, 6))
        if transform.keep_ratio:
            scale[1] = scale[0]
        matrices = _make_matrices(round_shift(shift), shear, scale, angles, shape)
        return {"matrix": matrices, "scale x": scale[0], "scale y": scale[1]}

    return Plan(7, draw, _find_moves, _plan_warp(transform, shape))


def plan_rotate(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``Rotate`` is applied. Left to albumentations: cropped borders."""
    if transform.crop_border:
        return None

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        still, angles = np.zeros((2, numbers.shape[1])), spread(numbers[0], transform.limit)
        return {"matrix": _make_matrices(still, still, still + 1, angles, shape)}

    return Plan(1, draw, _find_moves, _plan_warp(transform, shape))


def list_moves(moves: NDArray[np.float64], shape: Shape) -> list[NDArray[np.float64] | None]:
    """Return what :func:`make_warp` takes for N images of a shape; None changes nothing.

    `moves` are float64 (5, N): shifts right and down (pixels), shears in x and y, and angles.
    """
    shift, shear, (angles,) = np.split(moves, (2, 4))
    return _find_moves({"matrix": _make_matrices(shift, shear, np.ones_like(shift), angles, shape)})


def make_warp(shape: Shape) -> Callable[[Any, Any], Any]:
    """Return what moves an image by a matrix as ``Affine`` does with its defaults."""
    size = shape[1::-1]

    def warp(image: NDArray[np.uint8], matrix: NDArray[np.float64] | None) -> Any:
        return image if matrix is None else cv2.warpAffine(image, matrix, size)

    return warp


def _list_limits(transform: Any, shape: Shape) -> Any:
    """Return from where to where shift (pixels), shear, scale, each in x and y, and angles go."""
    shifts = transform.translate_px
    if shifts is None:
        share = transform.translate_percent
        x, y = np.multiply(share["x"], shape[1]), np.multiply(share["y"], shape[0])
    else:  # whole numbers up to the last one
        x, y = ((int(shifts[axis][0]), int(shifts[axis][1]) + 1) for axis in "xy")
    pairs = [each[axis] for each in (transform.shear, transform.scale) for axis in "xy"]
    return np.array([x, y, *pairs, transform.rotate]).T[:, :, None]


def _make_matrices(
    shift: NDArray[np.float64],
    shear: NDArray[np.float64],
    scale: NDArray[np.float64],
    angles: NDArray[np.float64],
    shape: Shape,
) -> NDArray[np.float64]:
    """Return what albumentations' ``create_affine_transformation_matrix`` does, (N, 3, 3).

    Its six matrices are multiplied here in four, of which the products are the same bits.
    """
    centers = np.array([[shape[1] / 2 - 0.5], [shape[0] / 2 - 0.5]])
    sheared, turned, scaled = np.tile(IDENTITY, (3, len(angles), 1, 1))
    sheared[:, 0, 1], sheared[:, 1, 0] = np.tan(np.deg2rad(-shear))
    sheared[:, :2, 2] = (shift + centers).T
    radians = np.deg2rad(angles % 360)
    turned[:, 0, 0] = turned[:, 1, 1] = np.cos(radians)
    turned[:, 0, 1] = sine = np.sin(radians)
    turned[:, 1, 0] = -sine
    scaled[:, 0, 0], scaled[:, 1, 1] = scale
    recentered = IDENTITY.copy()
    recentered[:2, 2:] = -centers
    return sheared @ turned @ scaled @ recentered


def _find_moves(drawn: Drawn) -> list[NDArray[np.float64] | None]:
    """Return a matrix (2, 3) of each image, or None if that changes nothing."""
    matrices = drawn["matrix"]
    moved = (abs(matrices - IDENTITY) > TOLERANCE).any(axis=(1, 2)).tolist()
    return [
        matrix if is_moved else None
        for matrix, is_moved in zip(matrices[:, :2], moved, strict=True)
    ]


def _plan_warp(transform: Any, shape: Shape) -> Callable[[Any, Any], Any]:
    size = shape[1::-1]
    fill, flags, border = transform.fill, transform.interpolation, transform.border_mode
    # Naming the defaults takes 1.4 µs for each image.
    is_default = (fill, flags, border) == (0, LINEAR, CONSTANT)
    value = [fill] * shape[2] if isinstance(fill, float) and shape[2:] else fill
    options: Any = () if is_default else (None, flags, border, value)

    def change(image: NDArray[np.uint8], matrix: NDArray[np.float64] | None) -> Any:
        return image if matrix is None else cv2.warpAffine(image, matrix, size, *options)

    return change
