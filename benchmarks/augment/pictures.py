"""The pictures that all contestants augment, and how each of them is measured."""

import json
import time

import numpy as np

SHAPES = [(28, 28, 1), (32, 32, 3), (100, 100, 3), (224, 224, 3)]
BATCH = 64
COARSE = 7  # so many random numbers along each side, and smooth between them


def name_shape(shape):
    """Return ``28x28x1`` for (28, 28, 1)."""
    return "x".join(map(str, shape))


def draw_pictures(shape):
    """Return a batch of smooth noise, uint8 (N, H, W, C), always the same."""
    height, width, channels = shape
    noise = np.random.default_rng(0).uniform(0, 255, (BATCH, COARSE, COARSE, channels))
    down, across = (_interpolate(side) for side in (height, width))
    smooth = np.einsum("hi,nijc,wj->nhwc", down, noise, across, optimize=True)
    return smooth.round().astype(np.uint8)


def _interpolate(side):
    """Return the weights (side, COARSE) of linear interpolation."""
    places = np.linspace(0, COARSE - 1, side)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(COARSE)))


def report_speeds(prepare, seconds):
    """Print one line of JSON with the images per CPU second at each shape.

    Args:
        prepare: given a shape and its pictures, returns a function that augments all of them.
        seconds: how long to measure, of CPU time and at each shape.
    """
    speeds = {}
    for shape in SHAPES:
        augment = prepare(shape, draw_pictures(shape))
        augment()
        augment()
        done, began = 0, time.process_time()
        while (spent := time.process_time() - began) < seconds:
            augment()
            done += BATCH
        speeds[name_shape(shape)] = done / spent
    print(f"\n{json.dumps(speeds)}")
