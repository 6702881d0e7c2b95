"""How a transform of albumentations is drawn and applied, for many images at once."""

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# The arguments of many images, as albumentations' own `apply` names them.
Drawn = dict[str, Any]
Shape = tuple[int, ...]


class Plan(NamedTuple):
    """What a transform does to images of one shape, apart from its probability.

    Args:
        numbers: how many random numbers it takes for an image.
        draw: turns them, float64 (numbers, N) in [0, 1), into the drawn arguments of N images.
        prepare: turns these into what `change` wants, one for each image.
        change: gives an image changed; the one that came in stays as it is.
        keeps_kind: whether an image keeps its shape and type.
    """

    numbers: int
    draw: Callable[[NDArray[np.float64]], Drawn]
    prepare: Callable[[Drawn], Iterable[Any]]
    change: Callable[[NDArray[np.uint8], Any], Any]
    keeps_kind: bool = True


def spread(numbers: NDArray[np.float64], limits: tuple[Any, Any]) -> NDArray[np.float64]:
    """Return numbers in [0, 1) as numbers between a lower and an upper limit."""
    low, high = limits
    spread_out: NDArray[np.float64] = low + (high - low) * numbers
    return spread_out


def pick(numbers: NDArray[np.float64], low: int, high: Any) -> NDArray[np.int64]:
    """Return numbers in [0, 1) as whole numbers from `low` to `high`, both of them included."""
    return low + (numbers * (high - low + 1)).astype(np.int64)


def plan_fixed(change: Callable[[NDArray[np.uint8]], Any]) -> Plan:
    """Return how a transform is applied that draws nothing but whether it is."""
    return Plan(0, lambda _: {}, lambda _: repeat(None), lambda image, _: change(image))
