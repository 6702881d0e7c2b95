from math import prod

import numpy as np
import pytest

from onion_pipeline.model.architecture import read_layers, tabulate_architecture
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import compute_outputs, count_multiply_adds, read_graph

SHAPE = (6, 5, 4)
# Multiply-adds for one picture of 224x224 pixels with the head of ImageNet's 1,000 classes, in
# millions, as the papers and https://github.com/tensorflow/tpu state them.
PUBLISHED = {
    "efficientnet_lite0": 407,
    "mobilenet_v3_small": 56,
    "resnet50_v2": 3500,
    "efficientnet_v2_b0": 720,
    "convnext_tiny": 4500,
}
QUICK = ("efficientnet_lite0", "mobilenet_v3_small")


def make_backboned(name: str, trainable: str = "none", classes: int = 1000):
    backbone = {"name": name, "weights": None, "trainable": trainable}
    layers = read_layers([{"backbone": backbone}, "global_average_pooling2d"])
    return build_model(layers, (224, 224, 3), classes, seed=0)


@pytest.fixture(scope="module")
def read_alone(keras):
    """A function that reads a layer at which 6x5 places with 4 channels arrive."""

    def read(layer):
        image = keras.Input(SHAPE)
        model = keras.Model(image, layer(image))
        return read_graph(model)[-1], model

    return read


@pytest.mark.parametrize(
    ("kind", "arguments", "multiply_adds"),
    [
        ("ReLU", {"max_value": 6, "negative_slope": 0.1, "threshold": 0.5}, 0),
        ("DepthwiseConv2D", {"kernel_size": (3, 3), "strides": (2, 2), "padding": "same"}, 324),
        ("DepthwiseConv2D", {"kernel_size": (3, 2), "depth_multiplier": 2, "use_bias": False}, 768),
        ("Conv2D", {"filters": 8, "kernel_size": (3, 3), "groups": 2}, 4 * 3 * 8 * 18),
        ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, 0),
        ("GlobalAveragePooling2D", {"keepdims": True}, 0),
        ("Dense", {"units": 7, "activation": "relu"}, 6 * 5 * 4 * 7),
        ("Activation", {"activation": "hard_silu"}, 0),
        ("BatchNormalization", {"scale": False}, prod(SHAPE)),
        ("LayerNormalization", {"center": False}, prod(SHAPE)),
        ("Reshape", {"target_shape": (10, -1)}, 0),
        ("Resizing", {"height": 9, "width": 4}, 9 * 4 * 4 * 4),
        ("Dropout", {"rate": 0.2, "noise_shape": (None, 1, 1, 1)}, 0),
    ],
)
def test_the_layers_of_others_are_known(kind, arguments, multiply_adds, keras, read_alone):
    node, model = read_alone(getattr(keras.layers, kind)(**arguments))
    assert node.is_known
    assert node.settings.items() >= arguments.items()
    assert node.multiply_adds == multiply_adds
    assert node.parameters == model.count_params()
    assert node.trainable_parameters == sum(prod(each.shape) for each in model.trainable_weights)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": 2}),
        ("Resizing", {"height": 9, "width": 4, "interpolation": "bicubic"}),
        ("Dropout", {"rate": 0.2, "noise_shape": (None, 1, 5, 1)}),
        ("LayerNormalization", {"axis": (1, 2, 3)}),
        ("UpSampling2D", {"size": 2}),
    ],
)
def test_what_is_of_another_use_is_not_known(kind, arguments, keras, read_alone):
    node, _ = read_alone(getattr(keras.layers, kind)(**arguments))
    assert not node.is_known
    assert node.multiply_adds is None


def test_sums_and_products_in_the_code_of_a_network_are_known(keras):
    image = keras.Input(SHAPE, name="image")
    model = keras.Model(image, ((image + 3.0) * 0.5) * image)
    _, plus, times, both = read_graph(model)
    assert (plus.kind, plus.settings, plus.multiply_adds) == ("operation_add", {"constant": 3.0}, 0)
    assert (times.kind, times.settings["constant"]) == ("operation_multiply", 0.5)
    assert times.multiply_adds == both.multiply_adds == prod(SHAPE)
    assert (both.inputs, both.settings) == ((times.name, "image"), {})


def test_a_network_in_a_network_costs_what_its_layers_do(keras, read_alone):
    stem = keras.Sequential([keras.layers.Conv2D(8, 2, strides=2), keras.layers.ReLU()])
    node, _ = read_alone(stem)
    assert node.multiply_adds == 3 * 2 * 8 * 4 * 4
    assert not node.is_known  # its settings do not tell what it does


@pytest.mark.parametrize(
    "name",
    [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in PUBLISHED if n not in QUICK)],
)
def test_networks_cost_what_is_published(name):
    model = make_backboned(name)
    assert count_multiply_adds(model) == pytest.approx(PUBLISHED[name] * 1e6, rel=0.04)


def test_the_table_has_a_row_for_each_block():
    model = make_backboned("efficientnet_lite0", trainable="top", classes=2)
    nodes = read_graph(model)
    table = tabulate_architecture(nodes).set_index("layer")
    assert list(table.index[:3]) == ["scaling", "backbone_stem", "backbone_block1a"]
    assert list(table.index[-4:]) == [
        "backbone_top", "global_average_pooling2d_1", "softmax", "total",
    ]  # fmt: skip
    assert (table["kind"] == "backbone block").sum() == 18
    assert table.loc["backbone_block2a", "output_shape"] == "56x56x24"
    within = [node for node in nodes if node.block == "block5a"]
    row = table.loc["backbone_block5a"]
    assert row["parameters"] == sum(node.parameters for node in within)
    assert row["multiply_adds"] == sum(node.multiply_adds for node in within)
    assert 0 < row["trainable_parameters"] < row["parameters"]  # its normalisation is not
    assert table.loc["backbone_block4c", "trainable_parameters"] == 0
    assert table.loc["total", "parameters"] == model.count_params()


def test_a_block_of_which_a_layer_is_not_known_has_no_cost(keras):
    image = keras.Input((8, 8, 3), name="image")
    upper = keras.layers.UpSampling2D(2, name="backbone_block1_upper")(image)
    last = keras.layers.Conv2D(2, 3, name="backbone_block1_conv")(upper)
    table = tabulate_architecture(read_graph(keras.Model(image, last))).set_index("layer")
    assert list(table.index) == ["backbone_block1", "total"]
    assert table["multiply_adds"].isna().all()
    assert table.loc["total", "trainable_parameters"] == 3 * 3 * 3 * 2 + 2


def test_outputs_of_a_backbone_can_be_asked_for():
    model = make_backboned("mobilenet_v3_small", classes=2)
    images = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    (name,) = {
        n.name for n in read_graph(model) if n.kind == "operation_add" and n.block == "block0"
    }
    assert compute_outputs(model, [name], images)[name].shape == (1, 1, 1, 16)
