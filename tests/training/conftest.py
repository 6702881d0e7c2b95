import numpy as np
import pytest

from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import TrainParameters

SHAPE, CLASSES = (8, 8, 1), 3
LAYERS = read_layers(["flatten", {"dense": {"units": 16, "activation": "relu"}}])


@pytest.fixture
def parameters(precision) -> TrainParameters:
    """Plain gradient descent for three epochs."""
    return TrainParameters(
        epochs=3,
        variants_per_epoch=None,
        batch_size=8,
        optimizer="sgd",
        learning_rate=0.05,
        schedule="constant",
        warmup_epochs=0,
        weight_decay=0,
        early_stopping=None,
        class_weights=None,
        precision=precision,
    )


@pytest.fixture
def make_noise():
    """Random 8x8 pictures, of which nothing but themselves can be learned."""

    def make(count: int, seed: int):
        generator = np.random.default_rng(seed)
        images = np.zeros(count, labelled_dtype(SHAPE))
        images["image"] = generator.integers(0, 256, (count, *SHAPE))
        images["label"] = np.arange(count) % CLASSES
        return images

    return make


@pytest.fixture
def untrained(keras):
    return build_model(LAYERS, SHAPE, CLASSES, seed=0)
