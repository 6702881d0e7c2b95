"""The Keras model of a list of layers."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.architecture import NamedLayer, find_backbone, walk_layers
from onion_pipeline.model.backbones import building
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.layers import Backbone, Shape

logger = logging.getLogger(__name__)


def build_model(
    layers: Sequence[NamedLayer], image_shape: Shape, classes: int, seed: int
) -> KerasModel:
    """Return an untrained model: scaling to [0, 1], the layers and a softmax head.

    Scaling is part of the model, so that training, serving and export cannot disagree on it.

    Args:
        layers: from :func:`~onion_pipeline.model.architecture.read_layers`.
        image_shape: height, width and channels of the pictures.
        classes: number of classes.
        seed: of the first weights.

    Returns:
        A model from uint8 (N, H, W, C) in [0, 255] to float32 (N, `classes`) probabilities.

    Raises:
        LayerError: a layer cannot take the shape that arrives; nothing is allocated.
    """
    walk_layers(layers, image_shape, classes)
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    image = keras.Input(image_shape, dtype="uint8", name="image")
    backbone = find_backbone(layers)
    if backbone is None:
        scaling = keras.layers.Rescaling(1 / 255, name="scaling")
        return keras.Sequential([image, scaling, *_make_layers(layers, classes)], name="onion")
    pixels = _prepare_pixels(backbone, image)
    pretrained = building.make_backbone(backbone.network, backbone.weights, image, pixels)
    model = building.continue_backbone(pretrained, _make_layers(layers[1:], classes))
    building.freeze_layers(model, set(backbone.list_trainable_blocks()))
    return model


def _make_layers(layers: Sequence[NamedLayer], classes: int) -> Iterator[Any]:
    """Yield the Keras layers of a list, and the softmax head."""
    keras = import_keras()
    for named in layers:
        kind = getattr(keras.layers, type(named.layer).__name__)
        yield kind(**named.layer.model_dump(), name=named.name)
    # Probabilities stay in float32 under mixed precision: their logarithm is the loss.
    yield keras.layers.Dense(classes, activation="softmax", dtype="float32", name="softmax")


def _prepare_pixels(backbone: Backbone, image: Any) -> Any:
    """Return pictures in three channels, large enough and scaled as the network knows them."""
    layers, network = import_keras().layers, backbone.network
    shape, tensor = image.shape[1:], image
    if shape[-1] == 1:
        tensor = layers.Concatenate(name="rgb")([tensor] * 3)
    if (seen := backbone.enlarge(shape)) != shape:
        logger.warning(
            "%s sees the pictures of %dx%d pixels enlarged to %dx%d; it was trained on %dx%d, and "
            "larger images suit it better (ingest.image_size)",
            *(network.name, *shape[:2], *seen[:2], network.side, network.side),
        )
        tensor = layers.Resizing(*seen[:2], name="resizing")(tensor)
    return layers.Rescaling([*network.scaling], [*network.offset], name="scaling")(tensor)
