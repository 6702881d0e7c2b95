"""Any Keras network as a graph of layers: what each holds, costs and gives."""

import re
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import allow_retracing, import_keras
from onion_pipeline.model.layers import KINDS, Layer, Shape, ShapeError

BATCH = 64
# Arguments of the layers that a network has but parameter files cannot list.
OTHER_KINDS: dict[str, tuple[str, ...]] = {
    "input": (),
    "rescaling": ("scale", "offset"),
    "add": (),
    "concatenate": ("axis",),
}
# Arguments that no parameter file can give and that show neither in the shape nor in the weights.
USUAL = {"data_format": "channels_last", "dilation_rate": (1, 1)}


class LayerNode(NamedTuple):
    """One layer of a network, where it stands and what it holds.

    Args:
        name: of the layer in the model.
        kind: its Keras class in snake case, such as ``conv2d``.
        inputs: names of the layers whose outputs arrive.
        input_shapes: of these, without the batch.
        output_shape: without the batch.
        parameters: number of its weights; 0 where it is used again.
        multiply_adds: for one picture; None for a kind whose arithmetic is not known.
        settings: its arguments, named as in Keras; empty for a kind that is not known.
        weights: float32, by Keras' names and in its layouts.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: int
    multiply_adds: int | None
    settings: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]

    @property
    def is_known(self) -> bool:
        """Whether kind and settings tell all that the layer does."""
        return self.multiply_adds is not None


class Call(NamedTuple):
    """A layer as it is used in a network.

    Args:
        layer: of Keras.
        arriving: symbolic tensors of Keras.
        leaving: one of them.
    """

    layer: Any
    arriving: tuple[Any, ...]
    leaving: Any


def read_graph(model: KerasModel) -> list[LayerNode]:
    """Return the layers of a model, from the picture to the answer, branches included."""
    calls = trace_calls(model)
    names = {id(call.leaving): name for name, call in calls.items()}
    return [
        _read_layer(name, call, tuple(names[id(tensor)] for tensor in call.arriving))
        for name, call in calls.items()
    ]


def count_multiply_adds(model: KerasModel) -> int | None:
    """Return what a model costs for one picture; None if the cost of a layer is not known.

    A sum over the other layers would make it look cheaper than it is.
    """
    counts = [node.multiply_adds for node in read_graph(model)]
    return None if None in counts else sum(filter(None, counts))


def find_convolution(model: KerasModel) -> str | None:
    """Return the name of the first convolution; None for a model without one."""
    calls = trace_calls(model)  # in whose order no layer moves, whatever graph it is in
    kind = import_keras().layers.Conv2D
    return next((name for name in calls if isinstance(calls[name].layer, kind)), None)


def compute_outputs(
    model: KerasModel, names: Sequence[str], images: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """Return what leaves the layers `names`, float32 (N, ...), for uint8 (N, H, W, C) `images`."""
    calls = trace_calls(model)
    tensors = {name: calls[name].leaving for name in names}
    part = import_keras().Model(model.inputs[0], tensors)
    with allow_retracing():  # as for tables of predictions: one run asks several networks
        outputs = [
            part.predict_on_batch(images[start : start + BATCH])
            for start in range(0, len(images), BATCH)
        ]
    return {name: np.concatenate([np.float32(each[name]) for each in outputs]) for name in names}


def trace_calls(model: KerasModel) -> dict[str, Call]:
    """Return the layers of `model` by name, each after those whose outputs arrive at it.

    What a layer itself says of its input is that of its first use, which in a loaded model may
    be in a graph that was thrown away. A layer that is used more often has a number after its
    name from the second time on.
    """
    calls: dict[str, Call] = {}
    seen: set[int] = set()

    def visit(tensor: Any) -> None:
        if id(tensor) in seen:
            return
        seen.add(id(tensor))
        layer, position, _ = tensor._keras_history
        node = layer._inbound_nodes[position]
        for arriving in node.input_tensors:
            visit(arriving)
        uses = sum(call.layer is layer for call in calls.values())
        name = f"{layer.name} ({uses + 1})" if uses else layer.name
        calls[name] = Call(layer, tuple(node.input_tensors), tensor)

    visit(model.outputs[0])
    return calls


def name_kind(layer: Any) -> str:
    """Return the class of a layer as Keras itself writes it in the names of layers."""
    name = type(layer).__name__.removesuffix("Layer")
    return re.sub(r"(?<=[a-z0-9D])(?=[A-Z][a-z])", "_", name).lower()


def _read_layer(name: str, call: Call, inputs: tuple[str, ...]) -> LayerNode:
    layer, shapes = call.layer, tuple(_drop_batch(tensor.shape) for tensor in call.arriving)
    kind, config, leaving = _name_call(layer), layer.get_config(), _drop_batch(call.leaving.shape)
    known = _read_known(kind, layer, shapes, leaving)
    named = known.model_dump() if known else OTHER_KINDS.get(kind, ())
    return LayerNode(
        name,
        kind,
        inputs,
        shapes,
        leaving,
        _count_parameters(layer) if name == layer.name else 0,
        known.count_multiply_adds(shapes[0]) if known else _count_others(kind, leaving),
        {name: config[name] for name in named},
        {each.name: np.asarray(each.numpy(), np.float32) for each in _list_weights(layer)},
    )


def _name_call(layer: Any) -> str:
    if isinstance(layer, import_keras().layers.Layer):
        return name_kind(layer)
    return f"operation_{name_kind(layer)}"  # a sum, perhaps with a number, which no layer adds


def _list_weights(layer: Any) -> list[Any]:
    """Return the weights of a layer, or none of a sum or product that stands between layers."""
    return getattr(layer, "weights", [])


def _count_parameters(layer: Any) -> int:
    return sum(int(np.prod(each.shape)) for each in _list_weights(layer))


def _read_known(kind: str, layer: Any, shapes: Sequence[Shape], leaving: Shape) -> Layer | None:
    """Return a layer as parameter files know it; None if it is of another kind or use."""
    config = layer.get_config()
    if kind not in KINDS or any(config.get(name, usual) != usual for name, usual in USUAL.items()):
        return None
    # No parameter file can ask for a softmax: it is in the head that is added.
    linear = {**config, "activation": "linear"} if config.get("activation") == "softmax" else config
    arguments = {name: linear[name] for name in KINDS[kind].model_fields}
    try:
        known = KINDS[kind].model_validate(arguments)
        expected = known.output_shape(shapes[0]), known.count_parameters(shapes[0])
    except (ValidationError, ShapeError):
        return None
    return known if expected == (leaving, _count_parameters(layer)) else None


def _count_others(kind: str, leaving: Shape) -> int | None:
    if kind not in OTHER_KINDS:
        return None
    return prod(leaving) if kind == "rescaling" else 0  # as elsewhere, additions cost none


def _drop_batch(shape: Shape) -> Shape:
    return tuple(int(side) for side in shape[1:])
