"""Probe and fine-tuning that kill themselves: ``python killed_phases.py CHECKPOINTS PLACE``.

PLACE is as in killed_training.py: checkpoints of both phases are counted together.
"""

import logging
import sys
from pathlib import Path

import numpy as np
from killed_training import die_at

from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import EarlyStopping, ProbeParameters, TrainParameters
from onion_pipeline.training import batches
from onion_pipeline.training.features import compute_features
from onion_pipeline.training.phases import FINE_TUNING, PROBE, train_phases

SHAPE, CLASSES = (32, 32, 3), 2
BACKBONE = {"name": "efficientnet_lite0", "weights": None, "trainable": "top", "from_block": "top"}
LAYERS = [{"backbone": BACKBONE}, "global_average_pooling2d", {"dropout": {"rate": 0.5}}]
PARAMETERS = TrainParameters(
    epochs=2,
    variants_per_epoch=None,
    batch_size=8,
    optimizer="adamw",
    learning_rate=0.001,
    schedule="cosine",
    warmup_epochs=0.5,
    weight_decay=0.01,
    early_stopping=EarlyStopping(patience=3),
    class_weights="balanced",
    precision="float32",
    checkpoint_minutes=1e-9,
    label_smoothing=0.1,
    mixup=0.2,
    gradient_clipping=1.0,
    probe=ProbeParameters(epochs=3, batch_size=8, weight_decays=[0.1, 3]),
    layer_decay=0.8,
)


def draw_images(count, seed):
    """Return random pictures."""
    generator = np.random.default_rng(seed)
    images = np.zeros(count, labelled_dtype(SHAPE))
    images["image"] = generator.integers(0, 256, (count, *SHAPE))
    images["label"] = np.arange(count) % CLASSES
    images["index"] = np.arange(count)
    return images


def train(checkpoints=None):
    """Train in both phases: three steps an epoch, in two blocks."""
    batches.MOST_BATCHES = 2
    network = build_model(read_layers(LAYERS), SHAPE, CLASSES, seed=0)
    images, validation = draw_images(22, 0), draw_images(8, 1)
    return train_phases(
        network,
        images,
        validation,
        PARAMETERS,
        7,
        chosen=[PROBE, FINE_TUNING],
        features=compute_features(network, images, validation).gather(),
        checkpoints=checkpoints,
    )


if __name__ == "__main__":
    folder, place = sys.argv[1:]
    logging.basicConfig(level=logging.INFO)
    die_at(place)
    train(Path(folder))
