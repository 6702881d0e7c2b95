from itertools import groupby

import pytest

from onion_pipeline.explanation.blocks import describe_backbone, describe_block, name_block
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import read_graph
from onion_pipeline.model.layers import Backbone


def read_blocks(keras, *layers):
    """The blocks of a network of which each layer is named by its block."""
    image = tensor = keras.Input((8, 8, 4), name="image")
    for layer in layers:
        tensor = layer(tensor)
    return group(read_graph(keras.Model(image, tensor)))


def group(nodes):
    inside = [node for node in nodes if node.block]
    return {name: list(layers) for name, layers in groupby(inside, lambda node: node.block)}


@pytest.fixture(scope="module")
def lite():
    backbone = {"name": "efficientnet_lite0", "weights": None, "trainable": "none"}
    layers = read_layers([{"backbone": backbone}, "global_average_pooling2d"])
    return read_graph(build_model(layers, (64, 64, 3), 2, seed=0))


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("stem", "Scans its 3 channels with 32 windows of 3×3 in steps of 2."),
        (
            "block1a",
            "Scans each channel on its own with windows of 3×3; then narrows 32 channels to 16, "
            "place by place.",
        ),
        (
            "block3b",
            "Widens 40 channels to 240, place by place; scans each channel on its own with windows "
            "of 5×5; narrows 240 channels to 40, place by place; then adds what arrived: only what "
            "is to change has to be learned.",
        ),
        ("top", "Widens 320 channels to 1,280, place by place."),
    ],
)
def test_the_sentences_of_blocks_are_true(block, sentence, lite):
    assert describe_block(group(lite)[block]) == sentence


def test_weights_for_channels_and_shortcuts_are_told(keras):
    layers, kept = keras.layers, {}

    def squeeze(tensor):
        gate = layers.GlobalAveragePooling2D(keepdims=True, name="backbone_block1_pool")(tensor)
        gate = layers.Conv2D(4, 1, name="backbone_block1_gate")(gate)
        return layers.Multiply(name="backbone_block1_times")([tensor, gate])

    def shorten(tensor):
        kept["short"] = layers.Conv2D(6, 1, name="backbone_block2_short")(tensor)
        return layers.Conv2D(6, 3, padding="same", name="backbone_block2_conv")(tensor)

    def add(tensor):
        return layers.Add(name="backbone_block2_add")([kept["short"], tensor])

    first = layers.DepthwiseConv2D(3, padding="same", name="backbone_block1_conv")
    blocks = read_blocks(keras, first, squeeze, shorten, add)
    assert describe_block(blocks["block1"]) == (
        "Scans each channel on its own with windows of 3×3; then weighs each channel by what the "
        "whole picture holds."
    )
    assert describe_block(blocks["block2"]).endswith(
        "adds what arrived, brought to this shape: only what is to change has to be learned."
    )


def test_a_block_that_only_normalises_says_so(keras):
    blocks = read_blocks(keras, keras.layers.BatchNormalization(name="backbone_top_bn"))
    assert describe_block(blocks["top"]) == "Brings the numbers of 8×8×4 to a like size."


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("imagenet", "1.28 million photographs of 1,000 kinds"),
        (None, "it began with random weights"),
        ("mine.weights.h5", "a file that it was given"),
    ],
)
def test_where_the_weights_are_from_is_told(weights, told, lite):
    nodes = [node for node in lite if node.block]
    sentence = describe_backbone(nodes, Backbone(name="efficientnet_lite0", weights=weights))
    assert told in sentence
    assert "18 blocks turn 64×64×3 into 2×2×1280" in sentence
    assert "none of its 3,413,024 weights was changed" in sentence


def test_of_an_unknown_backbone_nothing_is_claimed(lite):
    assert "ImageNet" not in describe_backbone([node for node in lite if node.block], None)


@pytest.mark.parametrize(
    ("block", "title"),
    [
        ("stem", "Stem"),
        ("block2a", "Block 2a"),
        ("block10", "Block 10"),
        ("stage1block2", "Stage 1, block 2"),
        ("conv4block1", "Stage 4, block 1"),
    ],
)
def test_blocks_have_titles(block, title):
    assert name_block(block) == title
