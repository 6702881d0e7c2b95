"""CoarseDropout: the holes that albumentations cuts out, for a given draw."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, pick, spread

# Turns numbers in [0, 1) into lengths in pixels.
DrawSides = Callable[[NDArray[np.float64]], NDArray[np.int64]]


def plan_coarse_dropout(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``CoarseDropout`` is applied.

    Left to albumentations: holes that are filled at random or painted over, and arguments that
    it refuses for this shape.
    """
    fill, sides = _get_fill(transform.fill, shape), _plan_sides(transform, shape)
    if fill is None or sides is None:
        return None
    draw_heights, draw_widths = sides
    fewest, most = transform.num_holes_range

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        high, wide, down, across = numbers[1:].reshape(4, most, -1)
        heights, widths = draw_heights(high), draw_widths(wide)
        tops, lefts = pick(down, 0, shape[0] - heights), pick(across, 0, shape[1] - widths)
        holes = np.stack([lefts, tops, lefts + widths, tops + heights]).T.tolist()
        counts = pick(numbers[0], fewest, most).tolist()
        return {"holes": [some[:count] for some, count in zip(holes, counts, strict=True)]}

    def change(image: NDArray[np.uint8], holes: list[list[int]]) -> NDArray[np.uint8]:
        image = image.copy()
        for left, top, right, bottom in holes:
            image[top:bottom, left:right] = fill
        return image

    return Plan(1 + 4 * most, draw, lambda drawn: drawn["holes"], change)


def _get_fill(fill: Any, shape: Shape) -> NDArray[np.uint8] | None:
    if isinstance(fill, str):
        return None
    try:
        array = np.array(fill, np.uint8)
    except OverflowError:
        return None
    return array if array.size in {1, *shape[2:]} else None


def _plan_sides(transform: Any, shape: Shape) -> tuple[DrawSides, DrawSides] | None:
    """Return how heights and widths are drawn, or None where albumentations refuses to."""
    limits = transform.hole_height_range, transform.hole_width_range
    if limits[0][1] >= 1:  # pixels, in both directions
        ends = [
            (int(low), int(min(high, side)))
            for (low, high), side in zip(limits, shape[:2], strict=True)
        ]
        (short, tall), (slim, wide) = ends
        if short > tall or slim > wide:
            return None
        return lambda numbers: pick(numbers, short, tall), lambda numbers: pick(numbers, slim, wide)
    if limits[1][1] > 1:  # wider than the image
        return None
    high, across = shape[:2]
    return (
        lambda numbers: (high * spread(numbers, limits[0])).astype(np.int64),
        lambda numbers: (across * spread(numbers, limits[1])).astype(np.int64),
    )
