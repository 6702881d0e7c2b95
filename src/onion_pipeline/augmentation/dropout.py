"""CoarseDropout of albumentations, to the last bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.randomness import Apply, Draws, Stream, get_span

SEEDS = 2**32 - 1
DrawSides = Callable[[Stream, int], list[int]]


def plan_coarse_dropout(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply | None:
    """Return what ``CoarseDropout`` does to images of `shape` when it is applied.

    Args:
        transform: of albumentations, with its checked arguments.
        draws: the streams that all steps share.
        shape: (H, W, C); images of one channel come as (H, W).

    Returns:
        A function of an image, or None for what is left to albumentations: holes that are
        filled at random or painted over, and arguments that it refuses for this shape.
    """
    fill = _get_fill(transform.fill, shape[2])
    sides = _plan_sides(transform, shape)
    if fill is None or sides is None:
        return None
    height, width = shape[:2]
    draw_heights, draw_widths = sides
    fewest, most = transform.num_holes_range
    randint = draws.python.randint

    def apply(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        count = randint(fewest, most)
        stream = draws.get_stream()
        draw_below = stream.draw_below
        heights, widths = draw_heights(stream, count), draw_widths(stream, count)
        tops = [draw_below(height - tall + 1) for tall in heights]
        lefts = [draw_below(width - wide + 1) for wide in widths]
        draw_below(SEEDS)  # that of a random filling
        image = image.copy()
        for top, left, tall, wide in zip(tops, lefts, heights, widths, strict=True):
            image[top : top + tall, left : left + wide] = fill
        return image

    return apply


def _get_fill(fill: Any, channels: int) -> NDArray[np.uint8] | None:
    if isinstance(fill, str):
        return None
    try:
        array = np.array(fill, np.uint8)
    except OverflowError:
        return None
    return array if array.ndim == 0 or array.size == channels else None


def _plan_sides(transform: Any, shape: tuple[int, int, int]) -> tuple[DrawSides, DrawSides] | None:
    limits = (transform.hole_height_range, transform.hole_width_range)
    if limits[0][1] >= 1:  # pixels, in both directions
        ranges = [
            (int(low), int(min(high, side) + 1))
            for (low, high), side in zip(limits, shape[:2], strict=True)
        ]
        (short, tall), (slim, wide) = ranges
        return (
            None
            if short >= tall or slim >= wide
            else (_in_pixels(short, tall), _in_pixels(slim, wide))
        )
    # A width beyond the image is refused by albumentations as soon as it is drawn.
    if limits[1][1] > 1:
        return None
    by_height, by_width = (
        _in_shares(side, *limit) for side, limit in zip(shape[:2], limits, strict=True)
    )
    return by_height, by_width


def _in_pixels(low: int, high: int) -> DrawSides:
    return lambda stream, count: [low + stream.draw_below(high - low) for _ in range(count)]


def _in_shares(side: int, low: float, high: float) -> DrawSides:
    low, span = get_span((low, high))
    return lambda stream, count: [
        int(side * (low + span * double)) for double in stream.draw_doubles(count)
    ]
