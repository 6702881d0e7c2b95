"""What the page of the onion report is given: a description, and arrays beside it."""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel, Pixels
from onion_pipeline.evaluation.predictions import read_probabilities
from onion_pipeline.explanation.sentences import describe_layer
from onion_pipeline.model.graph import LayerNode, compute_outputs, count_multiply_adds, read_graph

FORMAT = 1
# Of all weights in the page. Layers with more are shown with what the model itself computed.
LARGEST_WEIGHTS = 4 << 20  # bytes
# Of what is given of such layers for all pictures together.
LARGEST_OUTPUTS = 2 << 20  # bytes


class Report(NamedTuple):
    """The description of a report, plain values, and the arrays to which it refers by number."""

    description: dict[str, Any]
    tensors: list[NDArray[Any]]

    def add(self, array: NDArray[Any]) -> int:
        """Keep an array; return the number by which the description refers to it."""
        self.tensors.append(np.ascontiguousarray(array))
        return len(self.tensors) - 1


def describe_network(
    model: KerasModel, images: Pixels, predictions: DataFrame, class_names: Sequence[str]
) -> Report:
    """Return the layers of a model and what is needed to follow pictures through them.

    These are uint8 (N, H, W, C) `images`; `predictions` are their rows of that table.
    """
    report = Report({}, [])
    nodes = read_graph(model)
    given = [node.name for node in _choose_given(nodes)]
    outputs = compute_outputs(model, given, images) if given else {}
    report.description.update(
        format=FORMAT,
        title=model.name,
        class_names=list(class_names),
        model={
            "image_shape": list(images.shape[1:]),
            "parameters": sum(node.parameters for node in nodes),
            "multiply_adds": count_multiply_adds(model),
        },
        layers=[_describe_node(node, outputs.get(node.name), report) for node in nodes],
        pictures=_describe_pictures(images, predictions, class_names, report),
    )
    return report


def count_pictures(model: KerasModel, most: int) -> int:
    """Return for how many pictures, from 1 to `most`, a page has room."""
    numbers = sum(prod(node.output_shape) for node in _choose_given(read_graph(model)))
    size = numbers * np.dtype(np.float32).itemsize
    return max(1, min(most, LARGEST_OUTPUTS // max(1, size)))


def _choose_given(nodes: Sequence[LayerNode]) -> list[LayerNode]:
    """Return the layers whose arithmetic the page does not know, or whose weights are too many."""
    given, room = [], LARGEST_WEIGHTS
    for node in nodes:
        size = sum(each.nbytes for each in node.weights.values())
        if not node.is_known or size > room:
            given.append(node)
        else:
            room -= size
    return given


def _describe_node(
    node: LayerNode, outputs: NDArray[np.float32] | None, report: Report
) -> dict[str, Any]:
    weights = node.weights if outputs is None else {}
    return {
        **node._asdict(),
        "sentence": describe_layer(node),
        "weights": {name: report.add(each) for name, each in weights.items()},
        "outputs": None if outputs is None else [report.add(each) for each in outputs],
    }


def _describe_pictures(
    images: Pixels, predictions: DataFrame, class_names: Sequence[str], report: Report
) -> list[dict[str, Any]]:
    told = predictions[["label", "predicted", "path"]].assign(
        probabilities=read_probabilities(predictions, class_names).tolist(),
        pixels=[report.add(image) for image in images],
    )
    return [{**row, "label": row["label"] or None} for row in told.to_dict("records")]
