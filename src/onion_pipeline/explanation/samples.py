"""Samples of what leaves the layers of a large network: a few maps, reduced and rounded."""

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel, Pixels
from onion_pipeline.model.backend import allow_retracing, import_keras
from onion_pipeline.model.graph import trace_calls

LEVELS = 255  # to which numbers are rounded, between the least and the largest of a picture
RANK = 3  # of maps: height, width, channels


class Limits(NamedTuple):
    """How much of a layer a sample holds: maps, their longer side, and bytes for each picture."""

    maps: int
    side: int
    size: int


class Sample(NamedTuple):
    """What is kept of what leaves a layer, for N pictures.

    Args:
        maps: uint8, (N, h, w, k), of each picture the `k` most active maps, that first; means of
            blocks where they were larger.
        channels: int64, (N, k): which maps these are.
        ranges: float64, (N, 2): what 0 and 255 stand for.
        activity: uint8, (N, C): mean size of the numbers of each channel, 255 for the largest.
    """

    maps: NDArray[np.uint8]
    channels: NDArray[np.int64]
    ranges: NDArray[np.float64]
    activity: NDArray[np.uint8]


def sample_layers(
    model: KerasModel, limits: dict[str, Limits], images: Pixels
) -> dict[str, Sample]:
    """Return samples of what leaves the layers that `limits` name, for uint8 (N, H, W, C) `images`.

    One picture is asked for after the other: a large network would fill the memory with all.
    """
    if not limits:
        return {}
    calls = trace_calls(model)
    part = import_keras().Model(model.inputs[0], {name: calls[name].leaving for name in limits})
    found: dict[str, list[Any]] = {name: [] for name in limits}
    with allow_retracing():
        for at in range(len(images)):
            outputs = part.predict_on_batch(images[at : at + 1])
            for name, limit in limits.items():
                found[name].append(sample_output(np.asarray(outputs[name][0], np.float32), limit))
    return {
        name: Sample(*(np.stack(parts) for parts in zip(*each, strict=True)))
        for name, each in found.items()
    }


def share_limits(
    shapes: dict[str, tuple[int, ...]], pictures: int, room: int, most: Limits
) -> dict[str, Limits]:
    """Return how much to keep of layers of these output `shapes`, so that all fit into `room`.

    Args:
        shapes: by the names of the layers.
        pictures: how many.
        room: bytes for all of them together.
        most: no layer gets more.
    """
    each = min(most.size, room // max(1, pictures * len(shapes)))
    return dict.fromkeys(shapes, most._replace(size=each))


def sample_output(
    output: NDArray[np.float32], limits: Limits
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[float], NDArray[np.uint8]]:
    """Return the parts of a :class:`Sample` for one picture, whose `output` is (..., channels)."""
    maps = output if output.ndim == RANK else output.reshape(-1, 1, output.shape[-1])
    activity = np.abs(maps).mean(axis=(0, 1))
    small = _reduce(maps, limits.side)
    places = prod(small.shape[:2])
    wanted = limits.size if places == 1 else min(limits.maps, limits.size // places)
    chosen = np.argsort(-activity, kind="stable")[: max(1, wanted)]
    if places == 1:  # a row of numbers keeps its order
        chosen = np.sort(chosen)
    shown = small[..., chosen]
    low, high = min(0.0, float(shown.min())), max(0.0, float(shown.max()))
    step = (high - low) / LEVELS or 1.0
    largest = float(activity.max()) or 1.0
    return (
        np.round((shown - low) / step).astype(np.uint8),
        chosen.astype(np.int64),
        [low, high],
        np.round(activity / largest * LEVELS).astype(np.uint8),
    )


def _reduce(maps: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return maps (H, W, C) as means of square blocks, so that no side is longer than `side`."""
    step = -(-max(maps.shape[:2]) // side)
    rows, columns = (np.arange(0, length, step) for length in maps.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(maps, rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff([*starts, length])
        for starts, length in zip((rows, columns), maps.shape, strict=False)
    )
    return np.asarray(sums / (heights[:, None, None] * widths[None, :, None]), np.float32)
