"""Train with this project: ``python with_onion.py SECONDS``.

Each epoch ends with a validation, here of two pictures, whose time is part of the figures.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from onion_pipeline.model.backend import import_keras

import_keras()  # as the project does: quietly, with a thread per core

from keras_networks import build_network, make_product  # noqa: E402
from networks import CLASSES, TASKS, describe, draw_pictures, measure_gemm, report  # noqa: E402

from onion_pipeline.images.arrays import labelled_dtype  # noqa: E402
from onion_pipeline.model.architecture import read_layers  # noqa: E402
from onion_pipeline.model.build import build_model  # noqa: E402
from onion_pipeline.parameters import TrainParameters  # noqa: E402
from onion_pipeline.training import fit  # noqa: E402

ONION = [
    {"conv2d": {"filters": 32, "activation": "relu"}},
    "max_pooling2d",
    {"conv2d": {"filters": 64, "activation": "relu"}},
    "max_pooling2d",
    "flatten",
    {"dense": {"units": 128, "activation": "relu"}},
    {"dropout": {"rate": 0.4}},
]


def make_parameters(task, epochs):
    """Return how to train."""
    return TrainParameters(
        epochs=epochs,
        batch_size=task.batch,
        optimizer="adam",
        learning_rate=0.001,
        schedule="constant",
        warmup_epochs=0,
        weight_decay=0,
        early_stopping=None,
        class_weights=None,
        precision="auto",
        variants_per_epoch=None,
    )


def make_network(task):
    """Return the network: of a list of layers, or by hand where there are branches."""
    if task.kind == "onion":
        return build_model(read_layers(ONION), task.shape, CLASSES, seed=0)
    return build_network(task, activation="softmax", name="softmax")


def label_pictures(task):
    """Return random pictures as this project keeps them."""
    images, labels = draw_pictures(task)
    rows = np.zeros(len(images), labelled_dtype(task.shape))
    rows["image"], rows["label"], rows["index"] = images, labels, np.arange(len(rows))
    return rows


def note_epochs(task, network, epochs):
    """Train and return, for each epoch's end, the time and the CPU time."""
    ends = []
    finish = fit.Progress.finish_epoch

    def finish_and_note(self, values):
        finish(self, values)
        ends.append((time.perf_counter(), time.process_time()))

    fit.Progress.finish_epoch = finish_and_note
    try:
        images = label_pictures(task)
        fit.train_model(network, images, images[:2], make_parameters(task, epochs), 0)
    finally:
        fit.Progress.finish_epoch = finish
    return np.array(ends)


def measure(task, gemm, seconds):
    """Return what is reported of a network."""
    network = make_network(task)
    trial = note_epochs(task, network, 2)
    epochs = max(1, round(seconds / (trial[1] - trial[0])[0]))
    ends = note_epochs(task, network, 1 + epochs)
    return describe(task, *((ends[-1] - ends[0]) / epochs), gemm)


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    gemm = measure_gemm(make_product(), seconds)
    report({task.name: measure(task, gemm, seconds) for task in TASKS})
