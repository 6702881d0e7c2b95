"""The Keras model of a list of layers."""

from collections.abc import Sequence

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.architecture import NamedLayer, walk_layers
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.layers import Shape


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
    stack = [keras.Input(image_shape, dtype="uint8", name="image")]
    stack.append(keras.layers.Rescaling(1 / 255, name="scaling"))
    for named in layers:
        kind = getattr(keras.layers, type(named.layer).__name__)
        stack.append(kind(**named.layer.model_dump(), name=named.name))
    # Probabilities stay in float32 under mixed precision: their logarithm is the loss.
    stack.append(keras.layers.Dense(classes, activation="softmax", dtype="float32", name="softmax"))
    return keras.Sequential(stack, name="onion")
