"""The pretrained network in Keras, and the photographs for it, without this project's pipelines."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from onion_pipeline.model.backbones.building import make_backbone
from onion_pipeline.model.backbones.networks import NETWORKS
from onion_pipeline.model.backend import import_keras

keras = import_keras()  # quietly, with a thread per core

NETWORK = NETWORKS["efficientnet_lite0"]


def read_photographs(folder, side):
    """Return the pictures in ``<class>/``, uint8 (N, side, side, 3), and their labels.

    Cropped to the middle and resized, by Keras' own reader, in the order of their names.
    """
    batches = keras.utils.image_dataset_from_directory(
        folder, image_size=(side, side), crop_to_aspect_ratio=True, shuffle=False, verbose=False
    )
    pairs = [(np.rint(images).astype(np.uint8), labels) for images, labels in batches]
    images, labels = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return images, labels


def make_base():
    """Return the pretrained network, frozen, from pixels in [0, 255] of any size.

    It begins with the layer that scales them as the network was trained with.
    """
    image = keras.Input((None, None, 3))
    pixels = keras.layers.Rescaling([*NETWORK.scaling], [*NETWORK.offset])(image)
    base = make_backbone(NETWORK, "imagenet", image, pixels)
    base.trainable = False
    return base
