"""The transforms of a policy one by one, with the arguments that each has drawn."""

import random
from collections.abc import Iterable, Mapping
from math import atan2, degrees
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.policy import Step, create_transform, import_albumentations

# What albumentations notes beside the draws: how pixels are filled in, and shapes.
NOT_DRAWN = {"bbox_matrix", "fill", "fill_mask", "interpolation", "output_shape", "seed", "shape"}
MATRIX = "matrix"
LONGEST = 8  # numbers in a list that people still read


class Draw(NamedTuple):
    """A picture as one transform has changed it, and with which arguments, by their names."""

    image: NDArray[np.uint8]
    arguments: dict[str, float | list[Any]]


class DrawnTransform(NamedTuple):
    """What one transform of a policy does to a picture.

    Args:
        name: of the transform.
        probability: with which the policy applies it.
        draws: some of its results.
    """

    name: str
    probability: float
    draws: list[Draw]


def draw_policy(
    image: NDArray[np.uint8], policy: Iterable[Step], draws: int, seed: int
) -> list[DrawnTransform]:
    """Return what each transform of `policy` does to `image`, see :func:`draw_transform`."""
    return [
        DrawnTransform(
            step["name"],
            float(create_transform(**step).p),
            draw_transform(image, step, draws, seed),
        )
        for step in policy
    ]


def draw_transform(image: NDArray[np.uint8], step: Step, draws: int, seed: int) -> list[Draw]:
    """Return `image` as one transform alone changes it, so many times, whatever its probability.

    Args:
        image: uint8, (H, W, C).
        step: of a policy, from :func:`~onion_pipeline.augmentation.policy.make_policy`.
        draws: how many times.
        seed: of the draws.

    Returns:
        A picture for each draw; its arguments are numbers, or short lists of them. An affine
        transform, which notes a matrix, is described by the angle (degrees, counter-clockwise), the
        shear (degrees) and the shift (pixels) that this matrix means.
    """
    transform = create_transform(step["name"], {**step["arguments"], "p": 1})
    compose = import_albumentations().Compose([transform], save_applied_params=True)
    return [_draw_once(image, compose, [seed, number]) for number in range(draws)]


def _draw_once(image: NDArray[np.uint8], compose: Any, seed: list[int]) -> Draw:
    compose.set_random_state(np.random.default_rng(seed), random.Random(str(seed)))
    result = compose(image=np.ascontiguousarray(image))
    ((_, noted),) = result["applied_transforms"]
    return Draw(result["image"], _read_arguments(noted, image.shape))


def _read_arguments(noted: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return those of the noted arguments that were drawn and that people can read."""
    if MATRIX in noted and np.shape(noted[MATRIX]) == (3, 3):
        return _read_matrix(np.asarray(noted[MATRIX]), noted.get("scale"), shape)
    flat = dict(_flatten(noted))
    return {name: value for name, value in flat.items() if name not in NOT_DRAWN}


def _read_matrix(matrix: NDArray[Any], scale: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return what an affine matrix does to a picture of `shape`."""
    (a, b), (c, d) = matrix[:2, :2]
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1])
    moved = matrix[:2] @ middle - middle[:2]
    right, down = degrees(atan2(c, a)), degrees(atan2(d, b))
    drawn = {"rotate": -right, "shear": 90 - (down - right), "x": moved[0], "y": moved[1]}
    sizes = dict(_flatten({"scale": scale})) if scale is not None else {}
    return {name: float(value) for name, value in {**drawn, **sizes}.items()}


def _flatten(noted: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in noted.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {part}", each) for part, each in _flatten(value))
        elif isinstance(value, Number):
            yield name, float(value)  # type: ignore[arg-type]
        elif np.size(value) <= LONGEST and np.asarray(value).dtype.kind in "if":
            yield name, np.asarray(value).tolist()
