"""What the page of the onion report is given: a description, and arrays beside it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel, Pixels
from onion_pipeline.evaluation.predictions import read_probabilities
from onion_pipeline.explanation.blocks import (
    describe_backbone,
    describe_block,
    find_origin,
    name_block,
)
from onion_pipeline.explanation.samples import Limits, Sample, sample_layers, share_limits
from onion_pipeline.explanation.selection import Selection, choose_numbers
from onion_pipeline.explanation.sentences import describe_layer
from onion_pipeline.model.graph import LayerNode, compute_outputs, count_multiply_adds, read_graph
from onion_pipeline.model.layers import Backbone

FORMAT = 1
# Of the samples of blocks, and of the layers inside those that the page does not compute.
BLOCK_SAMPLES, LAYER_SAMPLES = 11 << 17, 3 << 19  # bytes for all pictures together
BLOCK_LIMITS = Limits(maps=16, side=28, size=28 * 28 * 8)
LAYER_LIMITS = Limits(maps=8, side=14, size=14 * 14 * 8)


class Report(NamedTuple):
    """The description of a report, plain values, and the arrays to which it refers by number."""

    description: dict[str, Any]
    tensors: list[NDArray[Any]]

    def add(self, array: NDArray[Any]) -> int:
        """Keep an array; return the number by which the description refers to it."""
        self.tensors.append(np.ascontiguousarray(array))
        return len(self.tensors) - 1


def describe_network(
    model: KerasModel,
    images: Pixels,
    predictions: DataFrame,
    class_names: Sequence[str],
    backbone: Backbone | None = None,
) -> Report:
    """Return the layers of a model and what is needed to follow pictures through them.

    These are uint8 (N, H, W, C) `images`; `predictions` are their rows of that table. Of the
    `backbone` that the parameters name, the report tells where its weights are from.
    """
    report = Report({}, [])
    nodes = read_graph(model)
    chosen = choose_numbers(nodes)
    outputs = compute_outputs(model, chosen.given, images) if chosen.given else {}
    blocks = _group_blocks(nodes)
    samples = _take_samples(model, nodes, blocks, chosen, images)
    report.description.update(
        format=FORMAT,
        title=model.name,
        class_names=list(class_names),
        model={
            "image_shape": list(images.shape[1:]),
            "parameters": sum(node.parameters for node in nodes),
            "multiply_adds": count_multiply_adds(model),
        },
        layers=[
            _describe_node(node, outputs.get(node.name), samples.get(node.name), chosen, report)
            for node in nodes
        ],
        pictures=_describe_pictures(images, predictions, class_names, report),
    )
    if blocks:
        known = backbone if _is_of(nodes, backbone) else None
        report.description["backbone"] = {
            "name": known.name if known else None,
            "origin": find_origin(known) if known else None,
            "sentence": describe_backbone([node for node in nodes if node.block], known),
            "blocks": [_describe_block(name, blocks[name], chosen) for name in blocks],
        }
    return report


def _group_blocks(nodes: Sequence[LayerNode]) -> dict[str, list[LayerNode]]:
    blocks: dict[str, list[LayerNode]] = {}
    for node in nodes:
        if node.block:
            blocks.setdefault(node.block, []).append(node)
    return blocks


def _is_of(nodes: Sequence[LayerNode], backbone: Backbone | None) -> bool:
    """Return whether a network begins with this backbone; parameters may have changed since."""
    if backbone is None:
        return False
    found = sum(node.parameters for node in nodes if node.block)
    return found == backbone.network.parameters


def _take_samples(
    model: KerasModel,
    nodes: Sequence[LayerNode],
    blocks: dict[str, list[LayerNode]],
    chosen: Selection,
    images: Pixels,
) -> dict[str, Sample]:
    """Return samples of what leaves each block, and each layer that the page does not compute."""
    shapes = {node.name: node.output_shape for node in nodes}
    ends = {layers[-1].name: shapes[layers[-1].name] for layers in blocks.values()}
    inside = {name: shapes[name] for name in chosen.sampled if name not in ends}
    limits = {
        **share_limits(inside, len(images), LAYER_SAMPLES, LAYER_LIMITS),
        **share_limits(ends, len(images), BLOCK_SAMPLES, BLOCK_LIMITS),
    }
    return sample_layers(model, limits, images)


def _describe_block(name: str, layers: Sequence[LayerNode], chosen: Selection) -> dict[str, Any]:
    return {
        "name": name,
        "title": name_block(name),
        "sentence": describe_block(layers),
        "layers": [node.name for node in layers],
        "is_computed": layers[-1].name not in chosen.sampled,
    }


def _describe_node(
    node: LayerNode,
    outputs: NDArray[np.float32] | None,
    sample: Sample | None,
    chosen: Selection,
    report: Report,
) -> dict[str, Any]:
    is_computed = node.name not in {*chosen.given, *chosen.sampled}
    weights = node.weights if is_computed else {}
    return {
        **node._asdict(),
        "sentence": describe_layer(node),
        "is_computed": is_computed,
        "weights": {name: report.add(each) for name, each in weights.items()},
        "outputs": None if outputs is None else [report.add(each) for each in outputs],
        "sample": None if sample is None else _describe_sample(sample, report),
    }


def _describe_sample(sample: Sample, report: Report) -> dict[str, Any]:
    return {
        "maps": report.add(sample.maps),
        "channels": sample.channels.tolist(),
        "ranges": sample.ranges.tolist(),
        "activity": report.add(sample.activity),
    }


def _describe_pictures(
    images: Pixels, predictions: DataFrame, class_names: Sequence[str], report: Report
) -> list[dict[str, Any]]:
    told = predictions[["label", "predicted", "path"]].assign(
        probabilities=read_probabilities(predictions, class_names).tolist(),
        pixels=[report.add(image) for image in images],
    )
    return [{**row, "label": row["label"] or None} for row in told.to_dict("records")]
