from math import prod

import numpy as np
import pytest

from onion_pipeline.explanation import selection
from onion_pipeline.explanation.selection import choose_numbers, count_pictures, weigh
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import read_graph


@pytest.fixture(scope="module")
def lite():
    backbone = {"name": "efficientnet_lite0", "weights": None, "trainable": "none"}
    layers = read_layers(
        [{"backbone": backbone}, "global_average_pooling2d", {"dropout": {"rate": 0.2}}]
    )
    return build_model(layers, (64, 64, 3), 2, seed=0)


def test_the_first_blocks_are_computed_and_the_head_begins_with_what_is_given(lite):
    nodes = read_graph(lite)
    given, sampled = choose_numbers(nodes)
    assert given == ["global_average_pooling2d_1"]
    inside = [node for node in nodes if node.block]
    assert sampled == [node.name for node in inside][-len(sampled) :]  # the last ones
    held = inside[: -len(sampled)]
    assert held[-1].block != inside[-len(sampled)].block  # whole blocks
    assert 0 < sum(map(weigh, held)) <= selection.LARGEST_BLOCKS


def test_a_backbone_that_takes_long_to_compute_is_sampled(lite, monkeypatch):
    monkeypatch.setattr(selection, "LARGEST_WORK", 2_000_000)
    nodes = read_graph(lite)
    sampled = choose_numbers(nodes).sampled
    work = sum(node.multiply_adds for node in nodes if node.block and node.name not in sampled)
    assert 0 < work <= 2_000_000
    monkeypatch.setattr(selection, "LARGEST_WORK", 0)
    assert len(choose_numbers(nodes).sampled) == sum(node.block is not None for node in nodes)


def test_large_pictures_are_fewer(lite, monkeypatch):
    assert count_pictures(lite, 12) == 12
    monkeypatch.setattr(selection, "LARGEST_PIXELS", 5 * prod(lite.input_shape[1:]))
    assert count_pictures(lite, 12) == 5


def test_without_a_backbone_nothing_is_sampled(onion):
    assert choose_numbers(read_graph(onion)) == ([], [])
    assert weigh(read_graph(onion)[2]) == np.float32(0).nbytes * (3 * 3 * 3 * 4 + 4)
