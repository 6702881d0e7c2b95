"""The Keras model of a list of layers."""

import logging
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.architecture import NamedLayer, find_backbone, walk_layers
from onion_pipeline.model.backbones import building
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.composites import Backbone, Residual
from onion_pipeline.model.layers import Layer, Shape

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
    backbone = find_backbone(layers)
    stack = [] if backbone else [keras.layers.Rescaling(1 / 255, name="scaling")]
    stack += [
        named if named.branch else _make_layer(named.name, named.layer)
        for named in (layers[1:] if backbone else layers)
    ]
    # Probabilities stay in float32 under mixed precision: their logarithm is the loss.
    stack.append(keras.layers.Dense(classes, activation="softmax", dtype="float32", name="softmax"))
    image = keras.Input(image_shape, dtype="uint8", name="image")
    if backbone:
        # Once more, so that random weights of a backbone do not depend on the head.
        keras.utils.set_random_seed(seed)
        return _continue_backbone(backbone, image, partial(reduce, _connect, stack))
    if not any(named.branch for named in layers):
        return keras.Sequential([image, *stack], name="onion")
    return keras.Model(image, reduce(_connect, stack, image), name="onion")


def _continue_backbone(
    backbone: Backbone, image: Any, add_head: Callable[[Any], Any]
) -> KerasModel:
    pixels = _prepare_pixels(backbone, image)
    pretrained = building.make_backbone(backbone.network, backbone.weights, image, pixels)
    leaving = add_head(pretrained.outputs[0])
    model = import_keras().Model(pretrained.inputs[0], leaving, name="onion")
    building.freeze_layers(model, set(backbone.list_trainable_blocks()))
    return model


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


def _make_layer(name: str, layer: Layer) -> Any:
    return getattr(import_keras().layers, type(layer).__name__)(**layer.model_dump(), name=name)


def _connect(tensor: Any, layer: Any) -> Any:
    """Return what leaves a layer of Keras, or a residual, when `tensor` arrives."""
    if not isinstance(layer, NamedLayer):
        return layer(tensor)
    if not isinstance(layer.layer, Residual):
        return _make_layer(layer.name, layer.layer)(tensor)
    made = reduce(_connect, layer.branch, tensor)
    around = tensor
    for name, each in layer.layer.make_projection(tensor.shape[1:], made.shape[1:]).items():
        around = _make_layer(f"{name}_{layer.number}", each)(around)
    return import_keras().layers.Add(name=f"add_{layer.number}")([made, around])
