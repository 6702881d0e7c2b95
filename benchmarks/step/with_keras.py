"""Train with Keras' ``fit`` on arrays: ``python with_keras.py SECONDS``."""

import sys

import keras
from keras_networks import build_network, make_product
from networks import TASKS, describe, draw_pictures, measure_gemm, measure_repeatedly, report


def measure(task, gemm, seconds):
    """Return what is reported of a network."""
    network = build_network(task)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("adam", loss, metrics=["accuracy"])
    images, labels = draw_pictures(task)
    times = measure_repeatedly(
        lambda: network.fit(images, labels, batch_size=task.batch, verbose=0), seconds
    )
    return describe(task, *times, gemm)


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    gemm = measure_gemm(make_product(), seconds)
    report({task.name: measure(task, gemm, seconds) for task in TASKS})
