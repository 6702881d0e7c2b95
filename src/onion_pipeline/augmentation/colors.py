"""RandomBrightnessContrast, ColorJitter and InvertImg: albumentations' pixels for a given draw."""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, plan_fixed, spread

TOP = 255
BYTES = np.arange(TOP + 1, dtype=np.float32)
JITTERED = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0}  # what changes nothing
HALF_A_TURN = 0.5
HUES = 180  # OpenCV halves the degrees of a hue to fit a byte


def plan_inversion(transform: Any, shape: Shape) -> Plan:
    """Return how ``InvertImg`` is applied."""
    return plan_fixed(np.invert)


def plan_brightness_contrast(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``RandomBrightnessContrast`` is applied. Left to albumentations: a safe range."""
    if transform.ensure_safe_range:
        return None
    by_max = transform.brightness_by_max
    name, unit = ("beta", TOP) if by_max else ("brightness", 1)  # the latter a share of the mean

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        alpha = 1.0 + spread(numbers[0], transform.contrast_limit)
        return {"alpha": alpha, name: unit * spread(numbers[1], transform.brightness_limit)}

    if by_max:
        return Plan(2, draw, lambda drawn: tabulate(*drawn.values()), cv2.LUT)
    return Plan(2, draw, lambda drawn: np.stack([*drawn.values()], 1).tolist(), _adjust_by_mean)


def plan_color_jitter(transform: Any, shape: Shape) -> Plan | None:
    """Return how ``ColorJitter`` is applied. Left to albumentations: hues of over half a turn."""
    if max(map(abs, transform.hue)) > HALF_A_TURN:
        return None
    limits = [getattr(transform, name) for name in JITTERED]

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        drawn = {
            name: spread(*each) for name, *each in zip(JITTERED, numbers, limits, strict=False)
        }
        return {**drawn, "order": numbers[len(JITTERED) :].argsort(axis=0).T}

    return Plan(2 * len(JITTERED), draw, _prepare_jitter, _jitter)


def tabulate(alpha: Any, beta: Any) -> Any:
    """Return ``byte * alpha + beta``, cut off, for all bytes: a row for each of N floats."""
    values = BYTES * np.asarray(alpha, np.float32)[..., None]
    values += np.asarray(beta, np.float32)[..., None]
    return values.clip(0, TOP, out=values).astype(np.uint8)


def _average(image: Any) -> float:
    """Return the exact mean, as ``image.mean()`` does in thirty times as long."""
    return sum(cv2.sumElems(image)) / image.size


def _adjust_by_mean(image: NDArray[np.uint8], given: tuple[float, float]) -> Any:
    alpha, share = given
    return cv2.LUT(image, tabulate(alpha, share * _average(image)))


def _prepare_jitter(drawn: Drawn) -> Iterable[Any]:
    wanted = (
        tabulate(drawn["brightness"], 0),
        drawn["contrast"].tolist(),
        drawn["saturation"].tolist(),
        _tabulate_hues(drawn["hue"]),
    )
    given = [
        [
            None if factor == neutral else each
            for each, factor in zip(some, drawn[name].tolist(), strict=True)
        ]
        for some, (name, neutral) in zip(wanted, JITTERED.items(), strict=True)
    ]
    return zip(drawn["order"].tolist(), zip(*given, strict=True), strict=True)


def _jitter(image: NDArray[np.uint8], ordered: tuple[list[int], Any]) -> NDArray[np.uint8]:
    order, given = ordered
    for step in order:
        if given[step] is not None:
            image = ADJUSTMENTS[step](image, given[step])
    return image


def adjust_contrast(image: NDArray[np.uint8], factor: float) -> Any:
    """Return an image, (H, W, 3) or (H, W), with its contrast times `factor`."""
    mean = _average(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.shape[2:] else image)
    offset = mean * (1 - factor) if factor else int(mean + 0.5)
    return cv2.LUT(image, tabulate(factor, offset))


def adjust_saturation(image: NDArray[np.uint8], factor: float) -> Any:
    """Return an image, (H, W, 3) or (H, W), with its colours times `factor`."""
    if not image.shape[2:]:
        return image
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return gray if factor == 0 else cv2.addWeighted(image, factor, gray, 1 - factor, 0)


def _adjust_hue(image: NDArray[np.uint8], table: NDArray[np.uint8]) -> Any:
    if not image.shape[2:]:
        return image
    colors = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    cv2.insertChannel(cv2.LUT(cv2.extractChannel(colors, 0), table), colors, 0)
    return cv2.cvtColor(colors, cv2.COLOR_HSV2RGB)


def _tabulate_hues(factors: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return ``numpy.mod(hue + 180 * factor, 180)`` for all hues: (N, 256).

    No hue is above 179 and no factor beyond 0.5, so that one turn at most is to be added or
    taken off: the same bits as the modulus, which takes ten times as long.
    """
    moved = np.arange(TOP + 1.0) + (HUES * factors)[:, None]
    return (moved + HUES * (moved < 0.0) - HUES * (moved >= HUES)).astype(np.uint8)


ADJUSTMENTS: tuple[Any, ...] = (cv2.LUT, adjust_contrast, adjust_saturation, _adjust_hue)
