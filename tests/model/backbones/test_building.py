import logging
import re
from collections import defaultdict

import numpy as np
import pytest

from onion_pipeline.errors import LayerError
from onion_pipeline.model.architecture import read_layers, walk_layers
from onion_pipeline.model.backbones.building import find_block
from onion_pipeline.model.backbones.networks import NETWORKS
from onion_pipeline.model.graph import read_graph

SLOW = {"efficientnet_v2_b0", "efficientnet_v2_b3", "efficientnet_v2_s", "resnet50_v2"}


def mark_slow(names):
    return [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in names]


EACH = mark_slow(NETWORKS)
# The others consist of the same kinds of layers.
KINDS = ["efficientnet_lite0", "mobilenet_v3_small", "efficientnet_v2_b0", "convnext_tiny"]
QUICK = ["efficientnet_lite0", "mobilenet_v3_small"]
OURS = {"image", "rgb", "resizing", "scaling", "global_average_pooling2d_1", "softmax"}


def draw_pictures(shape, count=2):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def list_blocks(model):
    return list(dict.fromkeys(filter(None, (find_block(layer.name) for layer in model.layers))))


def list_leaving(model):
    """Return the shape that leaves the backbone."""
    return model.get_layer("global_average_pooling2d_1").input.shape[1:]


@pytest.mark.parametrize("name", EACH)
def test_a_network_is_as_it_is_described(build_backbone, name):
    network, model = NETWORKS[name], build_backbone(name)
    inside = [layer for layer in model.layers if find_block(layer.name)]
    assert sum(layer.count_params() for layer in inside) == network.parameters
    assert list_blocks(model) == network.list_blocks()
    assert list_leaving(model) == network.output_shape((65, 97, 3))
    assert {layer.name for layer in model.layers} - {layer.name for layer in inside} <= OURS
    entry = {"backbone": {"name": name, "weights": None}}
    rows = walk_layers(read_layers([entry, "global_average_pooling2d"]), (65, 97, 3), 3)
    assert sum(row.parameters for row in rows) == model.count_params()
    assert sum(node.parameters for node in read_graph(model)) == model.count_params()


@pytest.mark.parametrize("name", EACH)
def test_names_do_not_depend_on_what_was_built_before(build_backbone, name):
    """Keras numbers layers of a kind through the whole process."""
    numbers = defaultdict(list)
    for operation in build_backbone(name).operations:
        if operation.name in OURS or name.startswith("efficientnet_lite"):
            continue
        stem, number = re.fullmatch(
            r"(backbone_[a-z0-9]+_[a-z0-9]+)_(\d+)", operation.name
        ).groups()
        numbers[stem].append(int(number))
    assert all(found == list(range(1, 1 + len(found))) for found in numbers.values())


@pytest.mark.parametrize("name", QUICK)
def test_the_same_network_is_the_same_again(build_backbone, name):
    one, other = (build_backbone(name, shape=(64, 64, 3), upscale=bool(each)) for each in (1, 0))
    assert one is not other
    assert [each.path for each in one.weights] == [each.path for each in other.weights]
    assert [each.name for each in one.operations] == [each.name for each in other.operations]
    for left, right in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("shape", [(32, 32, 3), (33, 95, 3), (63, 64, 3)])
def test_odd_sides_leave_as_they_are_foretold(build_backbone, name, shape):
    assert list_leaving(build_backbone(name, shape)) == NETWORKS[name].output_shape(shape)


@pytest.mark.parametrize("name", mark_slow([*KINDS, "resnet50_v2"]))
def test_a_saved_network_answers_as_before(build_backbone, keras, tmp_path, name):
    model = build_backbone(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    pictures = draw_pictures(model.input_shape[1:])
    np.testing.assert_array_equal(loaded(pictures), model(pictures))
    assert [each.name for each in loaded.layers] == [each.name for each in model.layers]


@pytest.mark.parametrize(
    ("arguments", "trained"),
    [
        ({"trainable": "all"}, NETWORKS["efficientnet_lite0"].list_blocks()),
        ({"trainable": "top", "from_block": "block7a"}, ["block7a", "top"]),
        ({"trainable": "top"}, NETWORKS["efficientnet_lite0"].list_blocks()[9:]),
        ({"trainable": "none"}, []),
    ],
)
def test_what_is_trained_is_what_was_asked_for(build_backbone, keras, tmp_path, arguments, trained):
    model = build_backbone("efficientnet_lite0", **arguments)
    model.save(tmp_path / "model.keras")
    for each in (model, keras.models.load_model(tmp_path / "model.keras")):
        learning = [layer for layer in each.layers if layer.trainable_weights]
        blocks = dict.fromkeys(filter(None, (find_block(layer.name) for layer in learning)))
        assert list(blocks) == trained
        assert not any("BatchNormalization" in type(layer).__name__ for layer in learning)
        assert "softmax" in {layer.name for layer in learning}


def test_batch_normalisation_stays_as_it_was_pretrained(build_backbone):
    """A frozen one answers in training as it does afterwards, and counts nothing along."""
    model = build_backbone("efficientnet_lite0")
    pictures = draw_pictures(model.input_shape[1:])
    before = [each.copy() for each in model.get_weights()]
    learning, answering = (model(pictures, training=each).numpy() for each in (True, False))
    np.testing.assert_allclose(learning, answering, atol=1e-6)
    for left, right in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", QUICK)
def test_grey_pictures_are_seen_as_the_same_in_colour(build_backbone, name):
    grey = build_backbone(name, (64, 64, 1))
    colour = build_backbone(name, (64, 64, 3))
    pictures = draw_pictures((64, 64, 1))
    expected = colour(np.repeat(pictures, 3, axis=-1))
    np.testing.assert_allclose(grey(pictures), expected, atol=1e-5)


def test_small_pictures_are_enlarged_and_that_is_said(build_backbone, caplog):
    with caplog.at_level(logging.WARNING):
        model = build_backbone("efficientnet_lite0", (28, 40, 1))
    assert "28x40 pixels enlarged to 32x46; it was trained on 224x224" in caplog.text
    assert list_leaving(model) == (1, 2, 1280)
    assert model(draw_pictures((28, 40, 1))).shape == (2, 3)


def test_small_pictures_are_refused_where_they_shall_not_be_enlarged(build_backbone):
    with pytest.raises(LayerError, match=r"31x64x3 arrives: .*at least 32 pixels.*upscale: true"):
        build_backbone("efficientnet_lite0", (31, 64, 3), upscale=False)


def test_pictures_with_other_channels_are_refused(build_backbone):
    with pytest.raises(LayerError, match=r"64x64x4 arrives: .*gray or colour, not of 4 channels"):
        build_backbone("efficientnet_lite0", (64, 64, 4))


def test_pixels_are_scaled_as_each_network_knows_them(build_backbone):
    white = np.full((1, 65, 97, 3), 255, np.uint8)
    lite, mobile = (build_backbone(name).get_layer("scaling")(white) for name in QUICK)
    np.testing.assert_allclose(
        lite[0, 0, 0], (1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], rtol=1e-5
    )
    np.testing.assert_allclose(mobile[0, 0, 0], [1, 1, 1], rtol=1e-6)
