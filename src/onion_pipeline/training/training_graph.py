"""The training graph of a network: the same function and weights, trained in less time."""

from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import import_keras


def make_training_graph(model: KerasModel, precision: str) -> KerasModel:
    """Return the training graph of `model`: it has the same weights and learns in its place.

    It computes in `precision` on weights in float32, and gives logits in float32 instead of
    probabilities. In a row of layers, a ReLU before a max pooling comes after it: the largest
    number stays the largest, and only a quarter of them, or less, goes through the ReLU.

    Args:
        model: ends in a layer named ``softmax``, as :func:`~onion_pipeline.model.build.build_model`
            makes it; left as it is.
        precision: a Keras dtype policy.
    """
    keras = import_keras()
    if isinstance(model, keras.Sequential):
        layers = _postpone_relu([_recast(layer, precision) for layer in model.layers])
        pixels = keras.Input(batch_shape=model.input_shape, dtype="uint8")
        graph = keras.Sequential([pixels, *layers])
    else:
        graph = keras.models.clone_model(
            model, clone_function=lambda layer: _recast(layer, precision)
        )
    graph.set_weights(model.get_weights())
    return graph


def copy_with_weights(model: KerasModel, graph: KerasModel) -> KerasModel:
    """Return a copy of `model` with what its training graph has learned."""
    copy = import_keras().models.clone_model(model)
    copy.set_weights(graph.get_weights())
    return copy


def _recast(layer: Any, precision: str) -> Any:
    config, layers = layer.get_config(), import_keras().layers
    if layer.name == "softmax":
        config["activation"] = "linear"
    # A sum between layers is of the type of what arrives.
    elif isinstance(layer, layers.Layer) and not isinstance(layer, layers.InputLayer):
        config["dtype"] = precision
    return type(layer).from_config(config)


def _postpone_relu(layers: list[Any]) -> list[Any]:
    keras = import_keras()
    postponed: list[Any] = []
    for layer in layers:
        is_pooling = postponed and isinstance(layer, keras.layers.MaxPooling2D)
        relu = _take_relu(postponed) if is_pooling else None
        postponed += [layer, relu] if relu else [layer]
    return postponed


def _take_relu(layers: list[Any]) -> Any:
    """Take the ReLU away with which `layers` end, and return it as a layer, if there is one."""
    keras = import_keras()
    last = layers[-1]
    if getattr(last, "activation", None) is not keras.activations.relu:
        return None
    if isinstance(last, keras.layers.Activation):
        return layers.pop()
    if isinstance(last, keras.layers.Conv2D | keras.layers.SeparableConv2D):
        last.activation = keras.activations.linear
        return keras.layers.ReLU(dtype=last.dtype_policy)
    return None
