"""Which numbers of a network a page has room for: weights, whole outputs, or samples of them."""

from collections.abc import Sequence
from itertools import groupby
from math import prod
from typing import NamedTuple

import numpy as np

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.graph import LayerNode, read_graph

# Of all weights in the page. Layers with more are shown with what the model itself computed.
LARGEST_WEIGHTS = 4 << 20  # bytes
# Of those of a backbone, whose first blocks they are, and of what the page then computes.
LARGEST_BLOCKS = 5 << 18  # bytes
LARGEST_WORK = 400_000_000  # multiply-adds: about a second
# Of what is given in full, and of the pixels, for all pictures together.
LARGEST_OUTPUTS = 2 << 20  # bytes
LARGEST_PIXELS = 5 << 19  # bytes


class Selection(NamedTuple):
    """What a page is given of the layers of a network; it computes those that are not named.

    Args:
        given: layers whose outputs it gets in full.
        sampled: layers in blocks of a backbone, of whose outputs it gets some, reduced and rounded.
    """

    given: list[str]
    sampled: list[str]


def choose_numbers(nodes: Sequence[LayerNode]) -> Selection:
    """Return what a page is given of the layers `nodes`.

    It computes layers outside of backbones if it knows their arithmetic and has room for their
    weights; of a backbone, whole blocks, from the picture on, as far as there is room.
    """
    outside = [node for node in nodes if node.block is None]
    given, room = [], LARGEST_WEIGHTS
    for node in outside:
        if not node.is_known or weigh(node) > room:
            given.append(node.name)
        else:
            room -= weigh(node)
    sampled = _choose_sampled(nodes, min(room, LARGEST_BLOCKS))
    dark = {*sampled}
    given += [
        node.name for node in outside if node.name not in given and dark.intersection(node.inputs)
    ]
    return Selection([node.name for node in outside if node.name in given], sampled)


def count_pictures(model: KerasModel, most: int) -> int:
    """Return for how many pictures, from 1 to `most`, a page has room."""
    nodes = read_graph(model)
    given = choose_numbers(nodes).given
    numbers = sum(prod(node.output_shape) for node in nodes if node.name in given)
    size = numbers * np.dtype(np.float32).itemsize
    fitting = LARGEST_OUTPUTS // max(1, size), LARGEST_PIXELS // prod(model.input_shape[1:])
    return max(1, min(most, *fitting))


def weigh(node: LayerNode) -> int:
    """Return how many bytes the weights of a layer need."""
    return sum(each.nbytes for each in node.weights.values())


def _choose_sampled(nodes: Sequence[LayerNode], room: int) -> list[str]:
    """Return all layers of a backbone from the first block on that a page does not compute."""
    work = LARGEST_WORK
    sampled: list[str] = []
    for block, members in groupby(nodes, key=lambda node: node.block):
        layers = list(members) if block else []
        room -= sum(map(weigh, layers))
        work -= sum(node.multiply_adds or 0 for node in layers)
        is_known = all(node.is_known for node in layers)
        if sampled or not is_known or min(room, work) < 0:
            sampled += [node.name for node in layers]
    return sampled
