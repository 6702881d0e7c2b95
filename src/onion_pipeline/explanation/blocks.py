"""What a pretrained network and its blocks do, in plain words that are true of their layers."""

import re
from collections.abc import Sequence
from typing import Any

from onion_pipeline.explanation.sentences import name_shape
from onion_pipeline.model.graph import CONTAINERS, LayerNode
from onion_pipeline.model.layers import Backbone

RANK = 3  # of pictures: height, width, channels
POOLINGS = {"max_pooling2d": "keeps the largest", "average_pooling2d": "takes the mean"}
ORIGINS = {
    "imagenet": "others trained it on ImageNet-1k, 1.28 million photographs of 1,000 kinds of "
    "things, before it saw any picture of this task",
    "file": "it began with the weights of a file that it was given",
    "none": "it began with random weights, nothing was learned before",
}


def find_origin(backbone: Backbone) -> str:
    """Return where the weights of a backbone are from: a key of :data:`ORIGINS`."""
    return {None: "none", "imagenet": "imagenet"}.get(backbone.weights, "file")


def describe_backbone(nodes: Sequence[LayerNode], backbone: Backbone | None) -> str:
    """Return in plain words what a pretrained network is.

    Args:
        nodes: its layers.
        backbone: as the parameters name it; None if they are not at hand, or of another network.
    """
    blocks = len({node.block for node in nodes})
    before, after = nodes[0].input_shapes[0], nodes[-1].output_shape
    whole = sum(node.parameters for node in nodes)
    open_ = sum(node.trainable_parameters for node in nodes)
    told = f"{ORIGINS[find_origin(backbone)]}. Its" if backbone else "its"
    share = (
        f"{open_:,} of its {whole:,} weights were trained on"
        if open_
        else f"none of its {whole:,} weights was changed"
    )
    return (
        f"A network that does most of the seeing: {told} {blocks} blocks turn {name_shape(before)} "
        f"into {name_shape(after)}, from edges and colours to parts of things. For this task, "
        f"{share}."
    )


def describe_block(nodes: Sequence[LayerNode]) -> str:
    """Return in plain words what the layers `nodes` of a block do together."""
    path = _find_path(nodes)
    names = {node.name for node in path}
    steps = [step for step in (_tell_step(node, nodes, names) for node in path) if step]
    if not steps:
        before, after = nodes[0].input_shapes[0], nodes[-1].output_shape
        return (
            f"Brings the numbers of {name_shape(before)} to a like size."
            if before == after
            else f"Turns {name_shape(before)} into {name_shape(after)}."
        )
    told = steps[0] if len(steps) == 1 else f"{'; '.join(steps[:-1])}; then {steps[-1]}"
    return f"{told[0].upper()}{told[1:]}."


def name_block(block: str) -> str:
    """Return the name of a block as a title: ``Block 2a``, ``Stage 1, block 2``."""
    found = re.fullmatch(r"(?:stage|conv)(\d)block(\d+)", block)
    if found:
        return f"Stage {found[1]}, block {found[2]}"
    return re.sub(r"(?<=[a-z])(?=\d)", " ", block).capitalize()


def _find_path(nodes: Sequence[LayerNode]) -> list[LayerNode]:
    """Return the layers from the beginning to the end of a block, on the longest way through."""
    within = {node.name: node for node in nodes}
    depths: dict[str, int] = {}
    for node in nodes:
        depths[node.name] = 1 + max((depths.get(name, 0) for name in node.inputs), default=0)
    path, node = [], nodes[-1]
    while True:
        path.append(node)
        # What is weighed goes on, not the weights, which have no places.
        wide = [name for name in node.inputs if name in within and _is_wide(within[name], node)]
        if not wide:
            return path[::-1]
        node = within[max(wide, key=depths.__getitem__)]


def _is_wide(node: LayerNode, after: LayerNode) -> bool:
    shape = node.output_shape
    return (
        len(shape) != RANK
        or len(after.output_shape) != RANK
        or shape[:2] != (1, 1)
        or (after.output_shape[:2] == (1, 1))
    )


def _tell_step(node: LayerNode, nodes: Sequence[LayerNode], path: set[str]) -> str | None:
    """Return what a layer on the way through a block does; None for what need not be told."""
    settings, before, after = node.settings, node.input_shapes[0], node.output_shape
    window, verb = settings.get("kernel_size"), POOLINGS.get(node.kind)
    if node.kind in {"add", "operation_add"} and len(node.inputs) > 1:
        return _tell_sum(node, {each.name for each in nodes}, path)
    if node.kind == "multiply":
        return "weighs each channel by what the whole picture holds"
    if verb:
        return f"{verb} of each {_name_window(settings['pool_size'])}{_tell_strides(settings)}"
    if node.kind in CONTAINERS:
        return f"turns {name_shape(before)} into {name_shape(after)}"
    if node.kind == "depthwise_conv2d" or settings.get("groups") == before[-1] != 1:
        scanned = "each channel on its own with"
    elif node.kind in {"conv2d", "dense"} and window and tuple(window) != (1, 1):
        scanned = f"its {before[-1]:,} channels with {after[-1]:,}"
    else:
        is_mixing = node.kind in {"conv2d", "dense"} and settings
        return _tell_mixing(before[-1], after[-1]) if is_mixing else None
    return f"scans {scanned} windows of {_name_window(window)}{_tell_strides(settings)}"


def _tell_sum(node: LayerNode, within: set[str], path: set[str]) -> str:
    if not within.issuperset(node.inputs):
        kept = "what arrived"
    elif path.issuperset(node.inputs):
        kept = "what it was before"
    else:
        kept = "what arrived, brought to this shape"
    return f"adds {kept}: only what is to change has to be learned"


def _tell_mixing(before: int, after: int) -> str:
    if before == after:
        return f"mixes its {before:,} channels, place by place"
    verb = "widens" if after > before else "narrows"
    return f"{verb} {before:,} channels to {after:,}, place by place"


def _name_window(window: Any) -> str:
    return "{}×{}".format(*window)


def _tell_strides(settings: dict[str, Any]) -> str:
    steps = settings.get("strides") or settings.get("pool_size") or (1, 1)
    return "" if steps[0] == 1 else f" in steps of {steps[0]}"
