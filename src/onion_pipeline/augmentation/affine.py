"""Affine and Rotate of albumentations, to the last bit of their matrices and pixels."""

from collections.abc import Callable, Sequence
from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.randomness import Apply, Draws, get_span

# Shift in x and y in pixels, shear in degrees, scale, and rotation in degrees.
Motion = tuple[int, int, float, float, float, float, float]

RADIAN = pi / 180
NEAR_ZERO = 1e-8  # np.allclose(matrix, identity), by which albumentations skips the warp
NEAR_ONE = 1e-8 + 1e-5
LINEAR, CONSTANT = 1, 0  # the defaults of cv2.warpAffine


def plan_affine(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply | None:
    """Return what ``Affine`` does to images of `shape` when it is applied.

    Args:
        transform: of albumentations, with its checked arguments.
        draws: the streams that all steps share.
        shape: (H, W, C); images of one channel come as (H, W).

    Returns:
        A function of an image, or None for what is left to albumentations: an output that
        is fitted and a balanced scale.
    """
    if transform.fit_output or transform.balanced_scale:
        return None
    return _plan_warp(transform, _plan_motion(transform, draws, shape), shape)


def plan_rotate(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply | None:
    """Return what ``Rotate`` does; see :func:`plan_affine`. Cropped borders are left out."""
    if transform.crop_border:
        return None
    random = draws.random
    low, span = get_span(transform.limit)
    return _plan_warp(transform, lambda: (0, 0, 0, 0, 1, 1, low + span * random()), shape)


def _plan_motion(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Callable[[], Motion]:
    random = draws.random
    draw_shift = _plan_shift(transform, draws, shape)
    (shear_x, shear_x_span), (shear_y, shear_y_span) = map(get_span, _get_pair(transform.shear))
    (scale_x, scale_x_span), (scale_y, scale_y_span) = map(get_span, _get_pair(transform.scale))
    angle, angle_span = get_span(transform.rotate)
    keep_ratio = transform.keep_ratio

    def draw_motion() -> Motion:
        x, y = draw_shift()
        tilt_x = -(shear_x + shear_x_span * random())
        tilt_y = -(shear_y + shear_y_span * random())
        wide = scale_x + scale_x_span * random()
        tall = scale_y + scale_y_span * random()
        if keep_ratio:
            tall = wide
        return x, y, tilt_x, tilt_y, wide, tall, angle + angle_span * random()

    return draw_motion


def _plan_shift(
    transform: Any, draws: Draws, shape: tuple[int, int, int]
) -> Callable[[], tuple[int, int]]:
    if transform.translate_px is not None:
        randint = draws.python.randint
        x_range, y_range = (
            (int(low), int(high)) for low, high in _get_pair(transform.translate_px)
        )
        return lambda: (randint(*x_range), randint(*y_range))
    random = draws.random
    height, width = shape[:2]
    (x, x_span), (y, y_span) = map(get_span, _get_pair(transform.translate_percent))
    return lambda: (int((x + x_span * random()) * width), int((y + y_span * random()) * height))


def _get_pair(by_axis: dict[str, Any]) -> tuple[Any, Any]:
    return by_axis["x"], by_axis["y"]


def _plan_warp(
    transform: Any, draw_motion: Callable[[], Motion], shape: tuple[int, int, int]
) -> Apply:
    import cv2

    size = shape[1::-1]
    make_matrix = _plan_matrix(draw_motion, shape)
    warp, flags, border = cv2.warpAffine, transform.interpolation, transform.border_mode
    fill = transform.fill
    if flags == LINEAR and border == CONSTANT and fill == 0:  # naming the defaults takes 1.4 µs

        def apply_default(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            matrix = make_matrix()
            return image if matrix is None else warp(image, matrix, size)  # type: ignore[return-value]

        return apply_default
    value = [fill] * shape[2] if isinstance(fill, float) else fill

    def apply(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        matrix = make_matrix()
        return image if matrix is None else warp(image, matrix, size, None, flags, border, value)  # type: ignore[return-value]

    return apply


def _plan_matrix(
    draw_motion: Callable[[], Motion], shape: tuple[int, int, int]
) -> Callable[[], NDArray[np.float64] | None]:
    """Return a function that draws a 2x3 matrix, or None if that changes nothing.

    albumentations multiplies six matrices. Where all but one of the terms of a sum are zero
    or both factors exact, plain arithmetic gives the same bits; the two products that are
    left go through BLAS as there, which may fuse multiplications and additions.
    """
    center_x, center_y = shape[1] / 2 - 0.5, shape[0] / 2 - 0.5
    sheared, turn, scaled = np.eye(3), np.eye(3), np.eye(3)
    recenter = np.array([[1, 0, -center_x], [0, 1, -center_y], [0, 0, 1]])
    turned, matrix = np.empty((3, 3)), np.empty((3, 3))
    upper = matrix[:2]
    # Items of an array take thrice as long as those of its memory.
    views: list[Any] = [array.reshape(-1).data for array in (sheared, turn, turned, scaled, matrix)]
    a, b, c, d, e = views
    sin, cos, tan = np.sin, np.cos, np.tan  # not those of `math`: their last bit may differ

    def make_matrix() -> NDArray[np.float64] | None:
        x, y, tilt_x, tilt_y, wide, tall, angle = draw_motion()
        radians = angle % 360 * RADIAN
        a[1], a[2] = tan(tilt_x * RADIAN), x + center_x
        a[3], a[5] = tan(tilt_y * RADIAN), y + center_y
        b[0] = b[4] = cos(radians)
        b[1] = sine = sin(radians)
        b[3] = -sine
        sheared.dot(turn, turned)
        d[0], d[1], d[2] = c[0] * wide, c[1] * tall, c[2]
        d[3], d[4], d[5] = c[3] * wide, c[4] * tall, c[5]
        scaled.dot(recenter, matrix)
        if abs(e[0] - 1) <= NEAR_ONE and _is_identity(e):
            return None
        return upper

    return make_matrix


def _is_identity(matrix: Sequence[float]) -> bool:
    others = (matrix[k] for k in (1, 2, 3, 5))
    return abs(matrix[4] - 1) <= NEAR_ONE and all(abs(other) <= NEAR_ZERO for other in others)
