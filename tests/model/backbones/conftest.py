import csv
import io
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model

PHOTOS = Path(__file__).parents[4] / "shared" / "data" / "imagenet-200.tar"


@pytest.fixture(scope="session")
def build_backbone(keras):
    """A function that builds a network of three classes; the same one only once.

    Its weights are random ones unless others are named.
    """

    @cache
    def build(name, shape=(65, 97, 3), **arguments):
        entry = {"backbone": {"weights": None, **arguments, "name": name}}
        return build_model(read_layers([entry, "global_average_pooling2d"]), shape, 3, seed=1)

    return build


@pytest.fixture(scope="session")
def photos():
    """200 photographs, uint8 (N, 224, 224, 3), of which the middle is seen, and their classes."""
    if not PHOTOS.exists():
        pytest.skip(f"the photographs are not on this machine: {PHOTOS}")
    with tarfile.open(PHOTOS) as archive:
        listing = io.TextIOWrapper(archive.extractfile("labels.csv"))
        rows = list(csv.DictReader(listing))
        pictures = [crop_middle(archive.extractfile(row["file"]).read(), 224) for row in rows]
    return np.stack(pictures), np.array([int(row["class_index"]) for row in rows])


def crop_middle(content, side):
    """Return what the network's authors show it of a picture."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    (width, height), middle = picture.size, min(picture.size) * side / (side + 32)
    box = (
        (width - middle) / 2,
        (height - middle) / 2,
        (width + middle) / 2,
        (height + middle) / 2,
    )
    return np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC, box=box))
