import logging

import numpy as np
import pytest

from onion_pipeline.explanation.attention import map_occlusion
from onion_pipeline.model.architecture import read_layers, tabulate_architecture, walk_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import compute_outputs, count_multiply_adds, read_graph
from onion_pipeline.model.layers import KINDS


def test_the_layers_of_a_parameter_file_are_known_with_their_arithmetic(onion, every_layer):
    nodes = read_graph(onion)
    rows = walk_layers(every_layer, (12, 10, 3), 3)
    assert [node.name for node in nodes] == ["image", *(row.name for row in rows)]
    assert [node.kind for node in nodes[2:]] == [row.kind for row in rows[1:]]
    assert [node.output_shape for node in nodes[1:]] == [row.output_shape for row in rows]
    assert [node.parameters for node in nodes[1:]] == [row.parameters for row in rows]
    counts = [node.trainable_parameters for node in nodes[1:]]
    assert counts == [row.trainable_parameters for row in rows]
    assert [node.multiply_adds for node in nodes] == [0, *(row.multiply_adds for row in rows)]


def test_settings_are_those_of_keras(onion):
    nodes = {node.name: node for node in read_graph(onion)}
    assert nodes["separable_conv2d_1"].settings["strides"] == (2, 2)
    assert nodes["dropout_1"].settings == {"rate": 0.4}
    assert nodes["scaling"].settings == {"scale": 1 / 255, "offset": 0.0}
    assert nodes["softmax"].settings["activation"] == "softmax"


def test_weights_bear_the_names_of_keras(onion):
    nodes = {node.name: node for node in read_graph(onion)}
    assert nodes["conv2d_1"].weights["kernel"].shape == (3, 3, 3, 4)
    assert set(nodes["batch_normalization_1"].weights) == {
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    }
    assert nodes["flatten_1"].weights == {}


def test_branches_are_followed(branched):
    nodes = {node.name: node for node in read_graph(branched)}
    assert nodes["both"].inputs == ("scaling", "left")
    assert nodes["both"].input_shapes == ((6, 6, 1), (6, 6, 2))
    assert nodes["joined"].inputs == ("both", "left")
    assert nodes["joined"].settings == {"axis": -1}


def test_a_layer_of_another_kind_or_use_is_described_without_its_arithmetic(branched, keras):
    nodes = {node.name: node for node in read_graph(branched)}
    assert (nodes["upper"].kind, nodes["upper"].multiply_adds) == ("up_sampling2d", None)
    dilated = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(2, 3, dilation_rate=2)])
    assert read_graph(dilated)[1].settings == {}


def test_what_a_network_costs_is_not_known_if_one_layer_is_not(branched):
    table = tabulate_architecture(read_graph(branched)).set_index("layer")
    assert list(table.index) == [*(layer.name for layer in branched.layers[1:]), "total"]
    assert table.loc["total", "parameters"] == branched.count_params()
    assert table.loc["both", "multiply_adds"] == 0  # additions cost none
    assert table["multiply_adds"].isna()[["upper", "total"]].all()
    assert count_multiply_adds(branched) is None


def test_outputs_are_those_of_the_model(onion, branched):
    images = np.random.default_rng(0).integers(0, 256, (70, 12, 10, 3), dtype=np.uint8)
    outputs = compute_outputs(onion, ["conv2d_1", "softmax"], images)
    assert outputs["conv2d_1"].shape == (70, 12, 10, 4)
    np.testing.assert_array_equal(outputs["softmax"][:64], onion.predict_on_batch(images[:64]))
    few = compute_outputs(branched, ["upper"], images[:2, :6, :6, :1])
    assert few["upper"].shape == (2, 12, 12, 4)


def test_a_model_that_was_saved_and_loaded_is_the_same(onion, keras, tmp_path):
    onion.save(tmp_path / "onion.keras")
    loaded = keras.models.load_model(tmp_path / "onion.keras")
    assert [node[:10] for node in read_graph(loaded)] == [node[:10] for node in read_graph(onion)]
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 10, 3), dtype=np.uint8)
    for name in ("flatten_1", "dense_1"):
        ours, theirs = (compute_outputs(each, [name], images)[name] for each in (onion, loaded))
        np.testing.assert_array_equal(ours, theirs)


def test_a_layer_that_is_used_twice_has_a_number(keras):
    image = keras.Input((4,), name="image")
    twice = keras.layers.Dense(4, name="twice")
    model = keras.Model(image, twice(twice(image)))
    nodes = read_graph(model)
    assert [node.name for node in nodes] == ["image", "twice", "twice (2)"]
    assert nodes[2].inputs == ("twice",)
    assert sum(node.parameters for node in nodes) == model.count_params()
    assert count_multiply_adds(model) == 2 * 4 * 4


def test_many_networks_may_be_asked_without_a_warning(onion, keras, caplog, monkeypatch):
    """TensorFlow takes one network after the other for one whose shapes change."""
    answer = keras.Model.predict_on_batch

    def warn_and_answer(model, images):
        logging.getLogger("tensorflow").warning("6 calls triggered tf.function retracing.")
        return answer(model, images)

    monkeypatch.setattr(keras.Model, "predict_on_batch", warn_and_answer)
    images = np.zeros((1, *onion.input_shape[1:]), np.uint8)
    compute_outputs(onion, [onion.layers[-1].name], images)
    map_occlusion(onion, images[0], 0)
    assert not caplog.records


EVERY_KIND = [
    {"conv2d": {"filters": 4, "strides": 2, "padding": "same", "activation": "leaky_relu"}},
    {"separable_conv2d": {"filters": 6, "depth_multiplier": 2, "use_bias": False}},
    "batch_normalization",
    {"activation": {"activation": "gelu"}},
    {"spatial_dropout2d": {"rate": 0.1}},
    {"average_pooling2d": {"pool_size": [2, 1], "strides": 1}},
    "layer_normalization",
    {"max_pooling2d": {"padding": "same"}},
]


@pytest.mark.parametrize("end", ["flatten", "global_average_pooling2d", "global_max_pooling2d"])
def test_a_model_costs_what_its_layers_do(end, keras):
    layers = read_layers([*EVERY_KIND, end, {"dense": {"units": 8}}, {"dropout": {"rate": 0.4}}])
    model = build_model(layers, (16, 14, 3), 5, seed=0)
    expected = sum(row.multiply_adds for row in walk_layers(layers, (16, 14, 3), 5))
    assert count_multiply_adds(model) == expected
    assert count_multiply_adds(keras.Sequential.from_config(model.get_config())) == expected


def test_every_kind_of_layer_is_counted():
    ends = {"flatten", "global_average_pooling2d", "global_max_pooling2d", "dense", "dropout"}
    assert {layer.kind for layer in read_layers(EVERY_KIND)} | ends == set(KINDS)
