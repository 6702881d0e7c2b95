"""Copies of networks: layers of their own with the same names; weights of others by name."""

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import import_keras


def copy_network(model: KerasModel, weights_of: KerasModel | None = None) -> KerasModel:
    """Return a network like `model` that shares no weights with it.

    Args:
        model: left as it is.
        weights_of: a network that has the layers of `model` with weights, by their names, perhaps
            among others or in another order; ``None`` is `model` itself.
    """
    copy = import_keras().models.clone_model(model)
    copy_weights(weights_of or model, copy)
    return copy


def copy_weights(source: KerasModel, target: KerasModel) -> None:
    """Give the layers of `target` the weights of those of `source` with the same names."""
    for layer in source.layers:
        if layer.weights:
            target.get_layer(layer.name).set_weights(layer.get_weights())
