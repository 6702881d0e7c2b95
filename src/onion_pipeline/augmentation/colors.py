"""RandomBrightnessContrast, ColorJitter and InvertImg: albumentations' pixels for a given draw."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, plan_fixed, spread

TOP = 255
BYTES = np.arange(TOP + 1, dtype=np.float32)
JITTERED = ("brightness", "contrast", "saturation", "hue")
HALF_A_TURN = 0.5
HUES = 180  # OpenCV halves the degrees of a hue to fit a byte


def plan_inversion(transform: Any, shape: Shape) -> Plan:
    """Return how ``InvertImg`` is applied."""
    return plan_fixed(np.invert)


def plan_brightness_contrast(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``RandomBrightnessContrast`` is applied. Left to albumentations: a safe range."""
    if transform.ensure_safe_range:
        return None
    import cv2

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        alpha = 1.0 + spread(numbers[0], transform.contrast_limit)
        more = spread(numbers[1], transform.brightness_limit)
        return {"alpha": alpha, **({"beta": more * TOP} if by_max else {"brightness": more})}

    by_max = transform.brightness_by_max
    if by_max:
        return Plan(2, draw, lambda drawn: _tabulate(**drawn), cv2.LUT)
    return Plan(2, draw, lambda drawn: zip(*drawn.values(), strict=True), _adjust_by_mean)


def plan_color_jitter(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``ColorJitter`` is applied.

    Left to albumentations: hues of more than half a turn.
    """
    if max(map(abs, transform.hue)) > HALF_A_TURN:
        return None
    limits = [getattr(transform, name) for name in JITTERED]

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        drawn = {
            name: spread(*each) for name, *each in zip(JITTERED, numbers, limits, strict=False)
        }
        return {**drawn, "order": numbers[len(JITTERED) :].argsort(axis=0).T}

    return Plan(2 * len(JITTERED), draw, _prepare_jitter, _plan_jitter(bool(shape[2:])))


def _tabulate(alpha: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return ``byte * alpha + beta`` in 32-bit floats, cut off, for all bytes: (N, 256)."""
    values = BYTES * alpha.astype(np.float32)[:, None]
    values += beta.astype(np.float32)[:, None]
    return values.clip(0, TOP, out=values).astype(np.uint8)


def _look_up(image: NDArray[np.uint8], alpha: float, beta: float) -> Any:
    import cv2

    return cv2.LUT(image, _tabulate(np.array([alpha]), np.array([beta]))[0])


def _average(image: NDArray[np.uint8]) -> float:
    """Return the exact mean, as ``image.mean()`` does in thirty times as long."""
    import cv2

    return sum(cv2.sumElems(image)) / image.size


def _adjust_by_mean(image: NDArray[np.uint8], given: tuple[float, float]) -> Any:
    alpha, share = given
    return _look_up(image, alpha, share * _average(image))


def _prepare_jitter(drawn: Drawn) -> Iterable[Any]:
    brighter = _tabulate(drawn["brightness"], np.zeros(len(drawn["brightness"])))
    contrast, saturation = drawn["contrast"].tolist(), drawn["saturation"].tolist()
    given = zip(brighter, contrast, saturation, _tabulate_hues(drawn["hue"]), strict=True)
    return zip(drawn["order"].tolist(), given, strict=True)


def _plan_jitter(has_colors: bool) -> Callable[[Any, Any], Any]:
    import cv2

    in_color = (_adjust_saturation, _adjust_hue) if has_colors else (_keep, _keep)
    adjust: tuple[Callable[[Any, Any], Any], ...] = (cv2.LUT, _adjust_contrast, *in_color)

    def change(image: NDArray[np.uint8], ordered: tuple[list[int], Any]) -> NDArray[np.uint8]:
        order, given = ordered
        for step in order:
            image = adjust[step](image, given[step])
        return image

    return change


def _keep(image: NDArray[np.uint8], given: Any) -> NDArray[np.uint8]:
    return image


def _adjust_contrast(image: NDArray[np.uint8], factor: float) -> Any:
    import cv2

    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.shape[2:] else image
    mean = cv2.sumElems(gray)[0] / gray.size
    offset = mean * (1 - factor) if factor else int(mean + 0.5)
    return _look_up(image, factor, offset)


def _adjust_saturation(image: NDArray[np.uint8], factor: float) -> Any:
    import cv2

    if factor == 1:
        return image
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return gray if factor == 0 else cv2.addWeighted(image, factor, gray, 1 - factor, 0)


def _adjust_hue(image: NDArray[np.uint8], table: NDArray[np.uint8] | None) -> Any:
    import cv2

    if table is None:
        return image
    colors = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    cv2.insertChannel(cv2.LUT(cv2.extractChannel(colors, 0), table), colors, 0)
    return cv2.cvtColor(colors, cv2.COLOR_HSV2RGB)


def _tabulate_hues(factors: NDArray[np.float64]) -> list[NDArray[np.uint8] | None]:
    """Return ``numpy.mod(hue + 180 * factor, 180)`` for all hues, or None where nothing moves.

    No hue is above 179 and no factor beyond 0.5, so that one turn at most is to be added or
    taken off: the same bits as the modulus, which takes ten times as long.
    """
    moved = np.arange(TOP + 1.0) + (HUES * factors)[:, None]
    tables = (moved + HUES * (moved < 0.0) - HUES * (moved >= HUES)).astype(np.uint8)
    return [table if factor else None for table, factor in zip(tables, factors, strict=True)]
