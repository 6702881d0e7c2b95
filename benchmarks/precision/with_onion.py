"""Train with this project in one precision: ``python with_onion.py PRECISION SECONDS``."""

import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from onion_pipeline.model.backend import import_keras

keras = import_keras()  # as the project does: quietly, with a thread per core

from onion_pipeline.training.steps import compile_training, count_parts  # noqa: E402
from onion_pipeline.training.training_graph import make_training_graph  # noqa: E402

SHAPE, CLASSES, BATCH, BATCHES = (96, 96, 3), 10, 64, 2
WIDTHS = (32, 64, 128, 256)


def convolve_plainly(x, filters):
    """Return a convolution at half the size."""
    return keras.layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(x)


def convolve_depthwise(x, filters):
    """Return a depthwise convolution at half the size, and one that mixes its channels."""
    x = keras.layers.DepthwiseConv2D(3, 2, padding="same", use_bias=False)(x)
    x = keras.layers.ReLU(6)(keras.layers.BatchNormalization(trainable=False)(x))
    x = keras.layers.Conv2D(filters, 1, use_bias=False)(x)
    return keras.layers.ReLU(6)(keras.layers.BatchNormalization(trainable=False)(x))


def convolve_separably(x, filters):
    """Return a separable convolution at half the size."""
    return keras.layers.SeparableConv2D(filters, 3, 2, padding="same", activation="relu")(x)


KINDS = {
    "plain": convolve_plainly,
    "depthwise": convolve_depthwise,
    "separable": convolve_separably,
}


def build_network(convolve):
    """Return a network of four such blocks after a plain convolution."""
    pixels = keras.Input(SHAPE, dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    x = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    for filters in WIDTHS:
        x = convolve(x, filters)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(CLASSES, "softmax", name="softmax")(x))


def measure_speed(convolve, precision, seconds):
    """Return images per CPU second."""
    graph = make_training_graph(build_network(convolve), precision)
    parts = count_parts(graph, BATCH)
    run = compile_training(graph, keras.optimizers.Adam(), BATCH, parts)
    count = BATCH * BATCHES
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, *SHAPE), np.uint8)
    data = images, np.arange(count) % CLASSES, np.full(count, 1 / BATCH, np.float32)
    run(*data)
    times, began, spent = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        run(*data)
        times += 1
    return times * count / (time.process_time() - spent)


if __name__ == "__main__":
    precision, seconds = sys.argv[1], float(sys.argv[2])
    speeds = {name: measure_speed(kind, precision, seconds) for name, kind in KINDS.items()}
    print(f"\n{json.dumps(speeds)}")
