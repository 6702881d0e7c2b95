"""A training that kills itself: ``python killed_training.py CHECKPOINTS RESULT PLACE PRECISION``.

PLACE is ``never``, ``after N`` (checkpoints were written) or ``within N`` (while the Nth is).
"""

import logging
import os
import signal
import sys
from pathlib import Path

import numpy as np

from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import EarlyStopping, TrainParameters
from onion_pipeline.training import batches
from onion_pipeline.training.checkpoints import TrainingFolder
from onion_pipeline.training.fit import train_model

SHAPE, CLASSES = (8, 8, 1), 3
LAYERS = [{"conv2d": {"filters": 4}}, "batch_normalization", "flatten", {"dropout": {"rate": 0.5}}]


def draw_images(count, seed):
    """Return random pictures."""
    generator = np.random.default_rng(seed)
    images = np.zeros(count, labelled_dtype(SHAPE))
    images["image"] = generator.integers(0, 256, (count, *SHAPE))
    images["label"] = generator.integers(0, CLASSES, count)
    return images


def make_training(precision):
    """Return the arguments of a training with all that has a state: five steps an epoch."""
    parameters = TrainParameters(
        epochs=3,
        variants_per_epoch=None,
        batch_size=8,
        optimizer="adamw",
        learning_rate=0.01,
        schedule="cosine",
        warmup_epochs=0.5,
        weight_decay=0.01,
        early_stopping=EarlyStopping(patience=3),
        class_weights="balanced",
        precision=precision,
        checkpoint_minutes=1e-9,
        label_smoothing=0.1,
        mixup=0.4,
        cutmix=1.0,
        ema=0.9,
        gradient_clipping=1.0,
    )
    untrained = build_model(read_layers(LAYERS), SHAPE, CLASSES, seed=0)
    return untrained, draw_images(38, 0), draw_images(9, 1), parameters, 7


def die_at(place):
    """Let the writing of checkpoints kill this process."""
    when, number = place.split()
    write, savez, counted = TrainingFolder.write, np.savez, []

    def die_within(path, **arrays):
        savez(path, **arrays)
        counted.append(path)
        if len(counted) == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    def die_after(*arguments):
        counted.append(write(*arguments))
        if len(counted) == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    if when == "within":
        np.savez = die_within
    else:
        TrainingFolder.write = die_after


if __name__ == "__main__":
    folder, result, place, precision = sys.argv[1:]
    logging.basicConfig(level=logging.INFO)
    batches.MOST_BATCHES = 2
    if place != "never":
        die_at(place)
    trained = train_model(*make_training(precision), checkpoints=Path(folder))
    weights = [*trained.model.get_weights(), trained.history.to_numpy(np.float64)]
    np.savez(result, **{f"{number:02}": one for number, one in enumerate(weights)})
