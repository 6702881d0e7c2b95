"""The Keras model of a list of layers."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.architecture import NamedLayer, walk_layers
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.layers import Layer, Residual, Shape


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
    stack = [keras.layers.Rescaling(1 / 255, name="scaling")]
    stack += [named if named.branch else _make_layer(named.name, named.layer) for named in layers]
    # Probabilities stay in float32 under mixed precision: their logarithm is the loss.
    stack.append(keras.layers.Dense(classes, activation="softmax", dtype="float32", name="softmax"))
    image = keras.Input(image_shape, dtype="uint8", name="image")
    if not any(named.branch for named in layers):
        return keras.Sequential([image, *stack], name="onion")
    return keras.Model(image, reduce(_connect, stack, image), name="onion")


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
