"""The transforms of a policy one by one, with the arguments that each has drawn."""

from collections.abc import Iterable, Mapping, Sequence
from math import atan2, degrees
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.random_numbers import hash_variants

# What albumentations notes beside the draws: how pixels are filled in, and shapes.
NOT_DRAWN = {"bbox_matrix", "fill", "fill_mask", "interpolation", "output_shape", "seed", "shape"}
LONGEST = 8  # numbers in a list that people still read
# What the values of operations mean.
MEANINGS = {
    "shear": "{:.0f}°",
    "translate": "{:.0f} px",
    "rotate": "{:.0f}°",
    "brightness": "× {:.2f}",
    "color": "× {:.2f}",
    "contrast": "× {:.2f}",
    "sharpness": "× {:.2f}",
    "posterize": "{:.0f} bits",
    "solarize": "from {:.0%} on",
    "identity": "as it was",
}


class Draw(NamedTuple):
    """A picture as one transform has changed it, and with which arguments, by their names."""

    image: NDArray[np.uint8]
    arguments: dict[str, float | list[Any] | str]


class DrawnTransform(NamedTuple):
    """What one transform does to a picture, and the probability with which a policy applies it."""

    name: str
    probability: float
    draws: list[Draw]


def draw_policy(
    image: NDArray[np.uint8], policy: Sequence[Step], draws: int, seed: int
) -> list[DrawnTransform]:
    """Return `image` as each transform alone changes it, so many times, whatever its probability.

    Draw number n of the `image`, uint8 (H, W, C), has the arguments of its variant number n. They
    are numbers, or short lists of them. An affine transform, which notes a matrix, is described by
    the angle (degrees, counter-clockwise), the shear (degrees) and the shift (pixels) that this
    matrix means; the operations of ``TrivialAugment`` and ``RandAugment`` are told in words.
    """
    chain, image = compose(policy), np.ascontiguousarray(image)
    keys = hash_variants(np.stack([image] * draws), range(1, 1 + draws), seed)
    drawn = []
    for position, step in enumerate(policy):
        tried = (chain.try_transform(position, image, key) for key in keys[:, None])
        results = [Draw(changed, _read_arguments(noted, image.shape)) for changed, noted in tried]
        probability = float(chain.transforms[position].p)
        drawn.append(DrawnTransform(step["name"], probability, results))
    return drawn


def _read_arguments(noted: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return those of the noted arguments that were drawn and that people can read."""
    if "operations" in noted:
        return _read_operations(noted["operations"])
    flat = dict(_flatten(noted))
    matrix = np.asarray(noted.get("matrix"))
    if matrix.shape == (3, 3):
        scale = {name: value for name, value in flat.items() if name.startswith("scale")}
        return _read_matrix(matrix, shape) | scale
    return {name: value for name, value in flat.items() if name not in NOT_DRAWN}


def _read_operations(operations: Sequence[tuple[str, float]]) -> dict[str, str]:
    """Return the names of operations, numbered where one comes again, and their values."""
    told: dict[str, str] = {}
    for number, (name, value) in enumerate(operations, start=1):
        meaning = MEANINGS.get(name.partition(" ")[0], "fully")
        told[f"{name} ({number})" if name in told else name] = meaning.format(value)
    return told


def _read_matrix(matrix: NDArray[Any], shape: tuple[int, ...]) -> dict[str, float]:
    """Return what an affine matrix does to a picture of `shape`."""
    (a, b), (c, d) = matrix[:2, :2]
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1])
    x, y = (matrix[:2] @ middle - middle[:2]).tolist()
    right, down = degrees(atan2(c, a)), degrees(atan2(d, b))
    return {"rotate": -right, "shear": 90 - (down - right), "x": x, "y": y}


def _flatten(noted: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in noted.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {part}", each) for part, each in _flatten(value))
        elif isinstance(value, Number):
            yield name, float(value)  # type: ignore[arg-type]
        elif np.size(value) <= LONGEST and np.asarray(value).dtype.kind in "if":
            yield name, np.asarray(value).tolist()
