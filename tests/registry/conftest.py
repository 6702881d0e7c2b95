"""What the tests of the registry share: encoded pictures and a served network."""

import io

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.images.decoding import Rendering
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry.serving_config import ServingConfig

CONFIG = ServingConfig(
    ["leek", "onion", "shallot"],
    (8, 10, 3),
    Rendering("crop"),
    {
        "confidence_threshold": 0.4,
        "target_accuracy": 0.9,
        "set_threshold": 0.3,
        "set_coverage": 0.9,
    },
)


@pytest.fixture(scope="session")
def config():
    """How a network of three classes is served."""
    return CONFIG


@pytest.fixture(scope="session")
def network(keras):
    """An untrained network for `config`."""
    return build_model(read_layers(["flatten"]), CONFIG.image_shape, 3, seed=0)


@pytest.fixture(scope="session")
def encode_picture():
    """A function that draws a picture from a seed and returns its file."""

    def encode(seed: int, size: tuple[int, ...] = (20, 13, 3), kind: str = "PNG", **options):
        pixels = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
        encoded = io.BytesIO()
        Image.fromarray(pixels).save(encoded, format=kind, **options)
        return encoded.getvalue()

    return encode
