"""What several test files share: small labelled images and folders of pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.images.arrays import LabelledImages, labelled_dtype
from onion_pipeline.model.backend import import_keras

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def keras():
    """Keras on a quiet TensorFlow; imported once, by the first test that needs it."""
    return import_keras()


@pytest.fixture
def labelled_images() -> LabelledImages:
    """Twelve random 12x12 RGB pictures of three classes."""
    generator = np.random.default_rng(0)
    images = np.zeros(12, labelled_dtype((12, 12, 3)))
    images["image"] = generator.integers(0, 256, (12, 12, 12, 3))
    images["label"] = np.arange(12) % 3
    images["index"] = np.arange(12)
    return images


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Ten red and ten blue 16x12 JPEG pictures in one folder per class."""
    generator = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(0, 60, (12, 16, 3), dtype=np.uint8)
            pixels[..., channel] += 180
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.jpg")
    return tmp_path / "photos"
