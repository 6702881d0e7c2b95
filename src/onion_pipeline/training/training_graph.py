"""The training graph of a network: the same function and weights, trained in less time."""

from collections import Counter
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.copying import copy_weights
from onion_pipeline.model.graph import trace_calls
from onion_pipeline.model.inference_graph import fold_normalization
from onion_pipeline.training.normalization import fuse_batch_normalization, is_usual


def make_training_graph(
    model: KerasModel, precision: str, image_size: tuple[int, int] | None = None
) -> KerasModel:
    """Return the training graph of `model`: it has the same weights and learns in its place.

    It computes in `precision` on weights in float32, and gives logits in float32 instead of
    probabilities. In a row of layers, a ReLU before a max pooling comes after it: the largest
    number stays the largest, and only a quarter of them, or less, goes through the ReLU.

    Args:
        model: ends in a layer named ``softmax``, as :func:`~onion_pipeline.model.build.build_model`
            makes it; left as it is.
        precision: a Keras dtype policy.
        image_size: height and width to which pictures are shrunk before anything is computed;
            ``None`` leaves them as they are.
    """
    keras = import_keras()
    if isinstance(model, keras.Sequential):
        layers = _postpone_relu([_recast(layer, precision) for layer in model.layers])
        layers = [_shrink_pixels(image_size), *layers] if image_size else layers
        pixels = keras.Input(batch_shape=model.input_shape, dtype=model.inputs[0].dtype)
        graph = keras.Sequential([pixels, *layers])
    else:
        graph = _clone_branches(model, precision, image_size)
    copy_weights(model, graph)  # where a ReLU moves, those of another branch may change places
    return graph


def _shrink_pixels(size: tuple[int, int]) -> Any:
    return import_keras().layers.Resizing(*size, dtype="float32", name="shrinking")


def _recast(layer: Any, precision: str) -> Any:
    config, layers = layer.get_config(), import_keras().layers
    if layer.name == "softmax":
        config["activation"] = "linear"
    # A sum between layers is of the type of what arrives.
    elif isinstance(layer, layers.Layer) and not isinstance(layer, layers.InputLayer):
        config["dtype"] = precision
    kind = fuse_batch_normalization() if is_usual(layer) else type(layer)
    return kind.from_config(config)


def _clone_branches(
    model: KerasModel, precision: str, image_size: tuple[int, int] | None
) -> KerasModel:
    """Return `model` in `precision`, with each ReLU postponed that nothing else needs."""
    keras, pooled = import_keras(), _find_pooled(model)
    postponed: dict[str, Any] = {}
    fold = fold_normalization(model, lambda layer: _recast(layer, precision))

    def clone(layer: Any) -> Any:
        recast = [fold(layer)]
        relu = _take_relu(recast) if layer.name in pooled else None
        if relu:
            postponed[pooled[layer.name]] = relu
        return recast[0] if recast else keras.layers.Identity()

    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        if image_size and layer.name == "scaling":
            arguments = (_shrink_pixels(image_size)(*arguments),)
        made = layer(*arguments, **options)
        return postponed[layer.name](made) if layer.name in postponed else made

    return keras.models.clone_model(model, clone_function=clone, call_function=call)


def _find_pooled(model: KerasModel) -> dict[str, str]:
    """Return the layers whose output goes to a max pooling and nowhere else, by its name."""
    calls = trace_calls(model).values()
    givers = {id(call.leaving): call.layer for call in calls}
    uses: Counter[Any] = Counter(id(tensor) for call in calls for tensor in call.arriving)
    uses += Counter(call.layer.name for call in calls)
    return {
        givers[tensor].name: call.layer.name
        for call in calls
        if isinstance(call.layer, import_keras().layers.MaxPooling2D)
        for tensor in map(id, call.arriving)
        if uses[tensor] == uses[call.layer.name] == uses[givers[tensor].name] == 1
    }


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
