"""Augment batches with Keras' layers in tf.data: ``python with_keras.py SECONDS``."""

import math
import sys

import keras
import tensorflow as tf
from pictures import report_speeds

SHEAR = math.tan(math.radians(10))


def make_layers(shape):
    """Return the layers; each geometric one interpolates once more."""
    layers = keras.layers
    black = {"fill_mode": "constant"}
    colors = [layers.RandomBrightness(0.2), layers.RandomContrast(0.2)]
    if shape[2] == 3:  # noqa: PLR2004
        colors = [layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.4, 0.6), 0.05)]
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(15 / 360, **black),
        layers.RandomShear(SHEAR, SHEAR, **black),
        layers.RandomTranslation(0.1, 0.1, **black),
        layers.RandomZoom(0.1, 0.1, **black),
        *colors,
        layers.RandomErasing(factor=0.5, scale=(0.01, 0.0625), fill_value=0.0),
    ]


def prepare(shape, pictures):
    """Return a function that makes a variant of each picture."""
    layers = keras.Sequential(make_layers(shape))
    data = tf.data.Dataset.from_tensors(pictures).cache().repeat()
    data = data.map(lambda some: layers(some, training=True))
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    batches = iter(data.with_options(options))
    return lambda: next(batches).numpy()


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    report_speeds(prepare, float(sys.argv[1]))
