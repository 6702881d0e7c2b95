"""RandomBrightnessContrast, ColorJitter and InvertImg of albumentations, to the last bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.randomness import Apply, Draws, get_span

Adjust = Callable[[NDArray[np.uint8], float], NDArray[np.uint8]]

TOP = 255
HALF_A_TURN = 0.5
HUES = 180  # OpenCV halves the degrees of a hue to fit a byte


def plan_brightness_contrast(
    transform: Any, draws: Draws, shape: tuple[int, int, int]
) -> Apply | None:
    """Return what ``RandomBrightnessContrast`` does to images of `shape` when it is applied.

    Args:
        transform: of albumentations, with its checked arguments.
        draws: the streams that all steps share.
        shape: (H, W, C); images of one channel come as (H, W).

    Returns:
        A function of an image, or None for what is left to albumentations: a safe range.
    """
    if transform.ensure_safe_range:
        return None
    import cv2

    random, lookup, make_table = draws.random, cv2.LUT, _plan_table()
    contrast, contrast_span = get_span(transform.contrast_limit)
    brightness, brightness_span = get_span(transform.brightness_limit)
    by_max = transform.brightness_by_max

    def apply(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        factor = 1.0 + (contrast + contrast_span * random())
        offset = brightness + brightness_span * random()
        offset *= TOP if by_max else _average(image)
        return lookup(image, make_table(factor, offset))  # type: ignore[return-value]

    return apply


def plan_color_jitter(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply | None:
    """Return what ``ColorJitter`` does; see :func:`plan_brightness_contrast`.

    Left to albumentations: hues of more than half a turn.
    """
    if max(map(abs, transform.hue)) > HALF_A_TURN:
        return None
    random = draws.random
    names = ("brightness", "contrast", "saturation", "hue")
    (b, b_span), (c, c_span), (s, s_span), (h, h_span) = (
        get_span(getattr(transform, name)) for name in names
    )
    adjust = _plan_adjustments(has_colors=shape[2] > 1)

    def apply(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        factors = (
            b + b_span * random(),
            c + c_span * random(),
            s + s_span * random(),
            h + h_span * random(),
        )
        order = [0, 1, 2, 3]
        draws.get_stream().shuffle(order)
        for k in order:
            image = adjust[k](image, factors[k])
        return image

    return apply


def plan_inversion(transform: Any, draws: Draws, shape: tuple[int, int, int]) -> Apply:
    """Return what ``InvertImg`` does; see :func:`plan_brightness_contrast`."""
    return np.invert


def _average(image: NDArray[np.uint8]) -> float:
    """Return the exact mean, as ``image.mean()`` does in thirty times as long."""
    import cv2

    return sum(cv2.sumElems(image)) / image.size


def _plan_table() -> Callable[[float, float], NDArray[np.uint8]]:
    """Return a function that tabulates ``byte * factor + offset`` in 32-bit floats, cut off."""
    ramp, values = np.arange(TOP + 1, dtype=np.float32), np.empty(TOP + 1, np.float32)
    # Arrays without dimensions: NumPy takes twice as long with Python numbers.
    factor, offset, bottom, top = (np.array(x, np.float32) for x in (0, 0, 0, TOP))
    multiply, add = np.multiply, np.add

    def make_table(by: float, plus: float) -> NDArray[np.uint8]:
        factor.fill(by)
        multiply(ramp, factor, values)
        if plus:
            offset.fill(plus)
            add(values, offset, values)
        if not (0 <= plus <= TOP and 0 <= plus + TOP * by <= TOP):
            values.clip(bottom, top, values)
        return values.astype(np.uint8)

    return make_table


def _plan_adjustments(has_colors: bool) -> tuple[Adjust, Adjust, Adjust, Adjust]:
    import cv2

    lookup, make_table = cv2.LUT, _plan_table()

    def adjust_brightness(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
        return image if factor == 1 else lookup(image, make_table(factor, 0))  # type: ignore[return-value]

    def adjust_contrast(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
        if factor == 1:
            return image
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if has_colors else image
        mean = cv2.sumElems(gray)[0] / gray.size
        if factor == 0:
            return np.full_like(image, int(mean + 0.5))
        return lookup(image, make_table(factor, mean * (1 - factor)))  # type: ignore[return-value]

    if has_colors:
        return adjust_brightness, adjust_contrast, _adjust_saturation, _plan_hue()
    return adjust_brightness, adjust_contrast, _keep, _keep


def _keep(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    return image


def _adjust_saturation(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    import cv2

    if factor == 1:
        return image
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return gray if factor == 0 else cv2.addWeighted(image, factor, gray, 1 - factor, 0)  # type: ignore[return-value]


def _plan_hue() -> Adjust:
    import cv2

    convert, lookup = cv2.cvtColor, cv2.LUT
    take, put = cv2.extractChannel, cv2.insertChannel
    there, back = cv2.COLOR_RGB2HSV, cv2.COLOR_HSV2RGB
    make_table = _plan_hue_table()

    def adjust_hue(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
        if factor == 0:
            return image
        colors = convert(image, there)
        put(lookup(take(colors, 0), make_table(factor)), colors, 0)
        return convert(colors, back)  # type: ignore[return-value]

    return adjust_hue


def _plan_hue_table() -> Callable[[float], NDArray[np.uint8]]:
    """Return a function that tabulates ``numpy.mod(hue + 180 * factor, 180)``.

    No hue is above 179 and no factor beyond 0.5, so that one turn at most is to be added or
    taken off: the same bits as the modulus, which takes ten times as long.
    """
    ramp, values = np.arange(TOP + 1, dtype=np.float64), np.empty(TOP + 1)
    table = np.empty(TOP + 1, np.uint8)
    hues, turn, shift = values[:HUES], np.array(HUES, np.float64), np.array(0.0)

    def make_table(factor: float) -> NDArray[np.uint8]:
        moved = HUES * factor
        shift.fill(moved)
        np.add(ramp, shift, values)
        if moved < 0:
            wrapped = hues[: -int(moved // 1)]  # those below zero: fewer than -moved
            np.add(wrapped, turn, wrapped)
        else:
            start = HUES - int(moved)
            wrapped = hues[start - (hues[start - 1] >= HUES) :]  # the sum may round up to a turn
            np.subtract(wrapped, turn, wrapped)
        table[:HUES] = hues
        return table

    return make_table
