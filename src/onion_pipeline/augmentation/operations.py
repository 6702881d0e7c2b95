"""The operations of TrivialAugment and RandAugment: the pixels of albumentations for a given draw.

Names and ranges are those of torchvision, but that shifts are shares of the side, as in its
RandAugment: its 32 pixels at most for TrivialAugment are meant for photographs of 224. Each
operation has 31 strengths, and those that go both ways draw a sign.

Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search
space", 2019; Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data
Augmentation", ICCV 2021.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation import colors, geometric
from onion_pipeline.augmentation.plan import Drawn, Plan, Shape, pick

STRONGEST = 30
NUMBERS = 3  # random ones for an operation: which one, how strong, which way
RGB = 3  # channels
SHARPENED = 13  # the sum of the kernel [[1, 1, 1], [1, 5, 1], [1, 1, 1]], by which Pillow smooths
MATRICES = ("translate x", "translate y", "shear x", "shear y", "rotate")
Step = tuple[Any, Any]  # a function of an image and an argument, and this argument


class Operation(NamedTuple):
    """How far an operation goes.

    Args:
        narrow: from `neutral`, at most, in RandAugment.
        wide: likewise in TrivialAugment.
        neutral: the value of no strength.
        is_signed: whether values lie on both sides of it, and not only below.
    """

    narrow: float = 0
    wide: float = 0
    neutral: float = 0
    is_signed: bool = True


FACTOR = Operation(0.9, 0.99, neutral=1)
OPERATIONS = {
    "identity": Operation(),
    "shear x": Operation(0.3, 0.99),
    "shear y": Operation(0.3, 0.99),
    "translate x": Operation(150 / 331, 32 / 224),
    "translate y": Operation(150 / 331, 32 / 224),
    "rotate": Operation(30, 135),
    "brightness": FACTOR,
    "color": FACTOR,
    "contrast": FACTOR,
    "sharpness": FACTOR,
    "posterize": Operation(4, 6, neutral=8, is_signed=False),
    "solarize": Operation(1, 1, neutral=1, is_signed=False),
    "autocontrast": Operation(),
    "equalize": Operation(),
}


def list_operations(channels: int) -> list[str]:
    """Return the operations that change pictures of so many channels, and ``identity``."""
    return [name for name in OPERATIONS if channels == RGB or name != "color"]


def draw_operations(
    numbers: NDArray[np.float64], shape: Shape, is_wide: bool, strength: int | None = None
) -> list[list[tuple[str, float]]]:
    """Return the operations for each of N images, by name and value.

    Values are degrees (``shear``, ``rotate``), whole pixels (``translate``), factors
    (``brightness``, ``color``, ``contrast``, ``sharpness``), bits that are left (``posterize``), a
    share of the brightest (``solarize``), or 0 where there is nothing to choose.

    Args:
        numbers: float64 (3 M, N) in [0, 1), for M operations each.
        shape: of the images.
        is_wide: whether the range is that of TrivialAugment.
        strength: 0 to 30, of all operations; one is drawn for each if ``None``.
    """
    names = list_operations(shape[2] if shape[2:] else 1)
    kinds, strengths, ways = numbers.reshape(NUMBERS, -1, numbers.shape[1])
    chosen = pick(kinds, 0, len(names) - 1)
    levels = pick(strengths, 0, STRONGEST) if strength is None else strength
    table = np.stack([_tabulate_values(name, is_wide, shape) for name in names])
    values = table[chosen, pick(ways, 0, 1), levels].T.tolist()
    return [
        [(names[kind], value) for kind, value in zip(*each, strict=True)]
        for each in zip(chosen.T.tolist(), values, strict=True)
    ]


def plan_operations(transform: Any, shape: Shape) -> Plan:
    """Return how ``TrivialAugment`` and ``RandAugment`` are applied."""

    def draw(numbers: NDArray[np.float64]) -> Drawn:
        drawn = draw_operations(numbers, shape, transform.is_wide, transform.magnitude)
        return {"operations": drawn}

    def prepare(drawn: Drawn) -> Iterator[list[Step]]:
        return _prepare_steps(drawn["operations"], shape)

    return Plan(NUMBERS * transform.num_ops, draw, prepare, _follow)


@cache
def _tabulate_values(name: str, is_wide: bool, shape: Shape) -> NDArray[np.float64]:
    """Return the values of an operation, (2, 31): in both directions, for each strength."""
    narrow, wide, neutral, is_signed = OPERATIONS[name]
    reach = np.linspace(0, wide if is_wide else narrow, STRONGEST + 1)
    if name == "posterize":
        reach = np.rint(reach)
    elif name.startswith("shear"):
        reach = np.rad2deg(np.arctan(reach))
    elif name.startswith("translate"):
        reach = np.trunc(reach * shape[1 if name.endswith("x") else 0])
    return neutral + np.stack([reach if is_signed else -reach, -reach])


def _prepare_steps(
    operations: Iterable[Sequence[tuple[str, float]]], shape: Shape
) -> Iterator[list[Step]]:
    operations = list(operations)
    moved = [each for some in operations for each in some if each[0] in MATRICES]
    moves = np.zeros((len(MATRICES), len(moved)))
    for column, (name, value) in enumerate(moved):
        moves[MATRICES.index(name), column] = value
    warp, matrices = geometric.make_warp(shape), iter(geometric.list_moves(moves, shape))
    for some in operations:
        yield [
            (warp, next(matrices)) if name in MATRICES else PREPARED[name](value)
            for name, value in some
        ]


def _follow(image: NDArray[np.uint8], steps: list[Step]) -> Any:
    for change, argument in steps:
        image = change(image, argument)
    return image


def _keep(image: NDArray[np.uint8], _: None) -> NDArray[np.uint8]:
    return image


def _sharpen(image: NDArray[np.uint8], kernel: NDArray[np.float32]) -> Any:
    return cv2.filter2D(image, -1, kernel)


def make_sharpening(factor: float) -> NDArray[np.float32]:
    """Return the kernel, (3, 3), of which albumentations' ``Sharpen`` has one for each alpha.

    This one is for Pillow's factor of sharpness: below 1, alpha is negative, and it smooths.
    """
    alpha = (factor - 1) / SHARPENED
    still, sharp = np.zeros((3, 3), np.float32), np.full((3, 3), -1, np.float32)
    still[1, 1], sharp[1, 1] = 1, 9
    kernel: NDArray[np.float32] = (1 - alpha) * still + alpha * sharp
    return kernel


def _tabulate_bits(bits: float) -> NDArray[np.uint8]:
    return np.arange(256, dtype=np.uint8) & np.uint8(256 - 2 ** (8 - int(bits)))


def _tabulate_solarized(threshold: float) -> NDArray[np.uint8]:
    values = np.arange(256, dtype=np.uint8)
    return np.where(values >= threshold * colors.TOP, colors.TOP - values, values)


def _stretch(image: NDArray[np.uint8], _: None) -> Any:
    """Spread each channel over all values. What is of full brightness counts for nothing."""
    channels = range(image.shape[2] if image.shape[2:] else 1)
    tables = [
        _tabulate_stretched(cv2.calcHist([image], [at], None, [256], [0, colors.TOP]))
        for at in channels
    ]
    return cv2.LUT(image, np.stack(tables, axis=-1).reshape(256, 1, -1))


def _tabulate_stretched(histogram: NDArray[Any]) -> NDArray[np.uint8]:
    values = np.arange(256.0)
    (found,) = np.nonzero(histogram.ravel())
    low, high = found[[0, -1]] if len(found) else (0, 0)
    if low < high:
        values = ((values - low) * (colors.TOP / (high - low))).round().clip(0, colors.TOP)
    return values.astype(np.uint8)


def _equalize(image: NDArray[np.uint8], _: None) -> Any:
    if not image.shape[2:]:
        return cv2.equalizeHist(image)
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


# What an operation of this value is done by; those by a matrix are prepared for many images.
PREPARED: dict[str, Any] = {
    "identity": lambda _: (_keep, None),
    "brightness": lambda factor: (cv2.LUT, colors.tabulate(factor, 0)),
    "color": lambda factor: (colors.adjust_saturation, factor),
    "contrast": lambda factor: (colors.adjust_contrast, factor),
    "sharpness": lambda factor: (_sharpen, make_sharpening(factor)),
    "posterize": lambda bits: (cv2.LUT, _tabulate_bits(bits)),
    "solarize": lambda threshold: (cv2.LUT, _tabulate_solarized(threshold)),
    "autocontrast": lambda _: (_stretch, None),
    "equalize": lambda _: (_equalize, None),
}
