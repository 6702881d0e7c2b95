"""The networks in Keras, for this project (the one that it cannot list) and for Keras."""

import keras
from networks import CLASSES, GEMM_SIDE


def build_network(task, **head):
    """Return the network of `task` with `head` as the arguments of its last layer."""
    pictures = keras.Input(task.shape, dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(pictures)
    build = {"onion": _build_onion, "resnet9": _build_resnet9}[task.kind]
    scores = keras.layers.Dense(CLASSES, dtype="float32", **head)(build(scaled))
    return keras.Model(pictures, scores)


def _build_onion(x):
    layers = keras.layers
    for filters in (32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return layers.Dropout(0.4)(x)


def _build_resnet9(x):
    layers = keras.layers
    for filters, pooled, branch in (
        (64, False, False), (128, True, True), (256, True, False), (256, True, True)
    ):  # fmt: skip
        x = _convolve(x, filters, pooled)
        if branch:
            x = layers.Add()([x, _convolve(_convolve(x, filters), filters)])
    return layers.GlobalMaxPooling2D()(x)


def _convolve(x, filters, pooled=False):
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = keras.layers.MaxPooling2D()(x) if pooled else x
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))


def make_product():
    """Return a function that multiplies two matrices."""
    import tensorflow as tf

    matrix = tf.random.normal([GEMM_SIDE, GEMM_SIDE])
    multiply = tf.function(lambda: tf.linalg.matmul(matrix, matrix))
    return lambda: multiply().numpy()
