"""CoarseDropout: the holes that albumentations cuts out, for a given draw."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, pick, spread


def plan_coarse_dropout(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``CoarseDropout`` is applied.

    Left to albumentations: holes that are filled at random or painted over, and arguments that
    it refuses for this shape.
    """
    fill, limits = _get_fill(transform.fill, shape), _find_limits(transform, shape)
    if fill is None or limits is None:
        return None
    fewest, most = transform.num_holes_range
    sides = np.reshape(shape[:2], (2, 1, 1))

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        for_sizes, for_places = numbers[1:].reshape(2, 2, most, -1)
        sizes = spread(for_sizes, limits).astype(np.int64)
        tops, lefts = places = pick(for_places, 0, sides - sizes)
        bottoms, rights = places + sizes
        holes = np.stack([lefts, tops, rights, bottoms]).T.tolist()
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


def _find_limits(transform: Any, shape: Shape) -> Any:
    """Return from where to where heights and widths go, in pixels, the upper end left out.

    None where albumentations refuses the arguments for this shape.
    """
    heights, widths = transform.hole_height_range, transform.hole_width_range
    ranges = (shape[0], heights), (shape[1], widths)
    if heights[1] >= 1:  # pixels, in both directions
        ends = [(int(low), int(min(high, side)) + 1) for side, (low, high) in ranges]
        is_refused = any(low >= high for low, high in ends)
    else:
        ends = [(side * low, side * high) for side, (low, high) in ranges]
        is_refused = widths[1] > 1
    return None if is_refused else np.array(ends).T[:, :, None, None]
