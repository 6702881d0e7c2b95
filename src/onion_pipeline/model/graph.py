"""Any Keras network as a graph of layers: what each holds, costs and gives."""

import re
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backbones.building import find_block
from onion_pipeline.model.backend import allow_retracing, import_keras
from onion_pipeline.model.layers import KINDS, Layer, Shape, ShapeError
from onion_pipeline.model.other_layers import OTHER_KINDS

BATCH = 64
# Layers at which branches meet, or that stand before all others, and their arguments.
JOINTS: dict[str, tuple[str, ...]] = {
    "input": (),
    "rescaling": ("scale", "offset"),
    "add": (),
    "multiply": (),
    "concatenate": ("axis",),
    # A sum or product in the code of a network: of two tensors, or of one and a constant.
    "operation_add": (),
    "operation_multiply": (),
}
OPERATION, OPERANDS = "operation_", 2
MULTIPLYING = frozenset({"rescaling", "multiply", "operation_multiply"})
CONTAINERS = frozenset({"sequential", "functional"})  # networks that are layers of another
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
        trainable_parameters: how many of them training may change.
        multiply_adds: for one picture; None for a kind whose arithmetic is not known.
        block: of a backbone in which it is; None outside.
        settings: its arguments, named as in Keras; empty for a kind that is not known.
        weights: float32, by Keras' names and in its layouts.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: int
    trainable_parameters: int
    multiply_adds: int | None
    block: str | None
    settings: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]

    @property
    def is_known(self) -> bool:
        """Whether kind and settings tell all that the layer does."""
        return self.multiply_adds is not None and self.kind not in CONTAINERS


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
    kind, leaving = _name_call(layer), _drop_batch(call.leaving.shape)
    known = _read_known(kind, layer, shapes, leaving)
    is_first = name == layer.name
    return LayerNode(
        name,
        kind,
        inputs,
        shapes,
        leaving,
        _count_parameters(_list_weights(layer)) if is_first else 0,
        _count_parameters(getattr(layer, "trainable_weights", [])) if is_first else 0,
        known.count_multiply_adds(shapes[0]) if known else _count_others(kind, call, leaving),
        find_block(layer.name),
        _read_settings(kind, known, call),
        {each.name: np.asarray(each.numpy(), np.float32) for each in _list_weights(layer)},
    )


def _name_call(layer: Any) -> str:
    if isinstance(layer, import_keras().layers.Layer):
        return name_kind(layer)
    return f"{OPERATION}{name_kind(layer)}"  # a sum, perhaps with a number, which no layer adds


def _read_settings(kind: str, known: Layer | None, call: Call) -> dict[str, Any]:
    if kind.startswith(OPERATION):
        constants = _find_constants(call)
        return {"constant": constants[0]} if len(constants) == 1 else {}
    config = call.layer.get_config()
    named = type(known).model_fields if known else JOINTS.get(kind, ())
    return {name: config[name] for name in named if name in config}


def _find_constants(call: Call) -> list[float]:
    """Return the numbers that are given to an operation beside the tensors that arrive."""
    _, position, _ = call.leaving._keras_history
    arguments = call.layer._inbound_nodes[position].arguments.args
    return [float(each) for each in arguments if isinstance(each, int | float)]


def _count_operands(call: Call) -> int:
    return len(call.arriving) + len(_find_constants(call))


def _list_weights(layer: Any) -> list[Any]:
    """Return the weights of a layer, or none of a sum or product that stands between layers."""
    return getattr(layer, "weights", [])


def _count_parameters(weights: Sequence[Any]) -> int:
    return sum(int(np.prod(each.shape)) for each in weights)


def _read_known(kind: str, layer: Any, shapes: Sequence[Shape], leaving: Shape) -> Layer | None:
    """Return a layer with its arithmetic; None if it is of another kind or use."""
    config = layer.get_config()
    if any(config.get(name, usual) != usual for name, usual in USUAL.items()):
        return None
    # No parameter file can ask for a softmax: it is in the head that is added.
    linear = {**config, "activation": "linear"} if config.get("activation") == "softmax" else config
    for kinds in (KINDS, OTHER_KINDS):
        known = _read_arguments(kinds[kind], linear) if kind in kinds else None
        if known and _is_true(known, layer, shapes[0], leaving):
            return known
    return None


def _read_arguments(kind: type[Layer], config: dict[str, Any]) -> Layer | None:
    arguments = {name: config[name] for name in kind.model_fields if name in config}
    try:
        return kind.model_validate(arguments)
    except ValidationError:
        return None


def _is_true(known: Layer, layer: Any, arriving: Shape, leaving: Shape) -> bool:
    """Return whether what is known of a layer is what it has: shape and number of weights.

    An argument that is not known here would show in one of them, or in its noise.
    """
    if getattr(layer, "noise_shape", None) != getattr(known, "noise_shape", None):
        return False
    try:
        expected = known.output_shape(arriving), known.count_parameters(arriving)
    except (ShapeError, IndexError, ValueError):  # such as channels of a row of numbers
        return False
    return expected == (leaving, _count_parameters(_list_weights(layer)))


def _count_others(kind: str, call: Call, leaving: Shape) -> int | None:
    if kind in CONTAINERS and not any(None in each.shape[1:] for each in call.layer.inputs):
        return count_multiply_adds(call.layer)
    is_operation = kind.startswith(OPERATION)
    if kind not in JOINTS or (is_operation and _count_operands(call) != OPERANDS):
        return None
    factors = max(1, len(call.arriving) - 1) if kind in MULTIPLYING else 0
    return factors * prod(leaving)  # as elsewhere, additions cost none


def _drop_batch(shape: Shape) -> Shape:
    return tuple(int(side) for side in shape[1:])
