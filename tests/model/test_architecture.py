from pathlib import Path

import pytest
import yaml

from onion_pipeline.errors import LayerError
from onion_pipeline.model.architecture import (
    read_layers,
    tabulate_architecture,
    walk_layers,
)
from onion_pipeline.model.build import build_model
from onion_pipeline.model.layers import KINDS

CONF = Path(__file__).parents[2] / "conf"
DENSE = {"dense": {"units": 8}}


def read_conf(environment):
    text = (CONF / environment / "parameters_build.yml").read_text()
    return read_layers(yaml.safe_load(text)["build"]["layers"])


def complain(entries, image_shape=(8, 8, 3)):
    with pytest.raises(LayerError) as caught:
        walk_layers(read_layers(entries), image_shape, 2)
    return str(caught.value)


def test_layers_are_numbered_by_kind():
    layers = read_layers(["max_pooling2d", "flatten", DENSE, DENSE])
    assert [layer.name for layer in layers] == [
        "max_pooling2d_1",
        "flatten_1",
        "dense_1",
        "dense_2",
    ]


@pytest.mark.parametrize("entry", ["flatten", {"flatten": None}, {"flatten": {}}])
def test_a_bare_name_is_a_layer_with_its_defaults(entry):
    assert read_layers([entry]) == [("flatten_1", "flatten", KINDS["flatten"](), ())]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("flaten", ["layer 'flaten' is unknown", "did you mean 'flatten'?"]),
        ({"Conv2D": {}}, ["layer 'Conv2D' is unknown", "did you mean 'conv2d'?"]),
        ({"dense": {"unit": 8, "units": 8}}, ["argument of dense 'unit'", "did you mean 'units'?"]),
        ("dense", ["dense needs the argument 'units'"]),
        ({"dropout": {"rate": 40}}, ["dropout.rate is 40", "less than 1"]),
        ({"dense": {"units": 8, "activation": "rlu"}}, ["dense.activation is 'rlu'", "'relu'"]),
        ({"conv2d": {"filters": 4, "kernel_size": 0}}, ["conv2d.kernel_size is 0"]),
        ({"conv2d": {}, "flatten": {}}, ["expected one layer with its arguments", "'flatten'"]),
        ({}, ["expected one layer with its arguments", "{}"]),
        (None, ["expected one layer with its arguments", "None"]),
        (3, ["expected one layer with its arguments", "3"]),
        ({3: {}}, ["layer '3' is unknown"]),
    ],
)
def test_a_mistake_is_named_with_its_position_and_the_nearest_name(entry, said):
    message = complain(["max_pooling2d", entry])
    assert message.startswith("build.layers, number 2: ")
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize(
    "entry", [{"dense": 128}, {"dropout": 0.4}, {"activation": "relu"}, {"conv2d": [32, 3]}]
)
def test_a_value_in_place_of_arguments_is_refused(entry):
    ((kind, value),) = entry.items()
    message = complain([entry])
    assert message.startswith("build.layers, number 1: ")
    assert kind in message
    assert repr(value) in message


def test_a_pair_of_one_number_is_refused_as_a_wrong_value():
    message = complain([{"conv2d": {"filters": 4, "kernel_size": [3]}}])
    assert "conv2d.kernel_size" in message
    assert "needs the argument 'kernel_size'" not in message


def test_all_mistakes_are_named_at_once():
    message = complain(["flaten", DENSE, {"dense": {"unit": 1}}, {"dropuot": {"rate": 0.4}}])
    assert [line.split(":")[0] for line in message.splitlines()] == [
        f"build.layers, number {position}" for position in (1, 3, 4)
    ]
    assert "dense needs the argument 'units'" in message
    assert "did you mean 'dropout'?" in message


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["max_pooling2d"] * 4, ["number 4 (max_pooling2d): 1x1x3 arrives", "ingest.image_size"]),
        ([{"conv2d": {"filters": 4, "kernel_size": 9}}], ["number 1 (conv2d): 8x8x3 arrives"]),
        (["max_pooling2d", DENSE], ["number 2 (dense): 4x4x3 arrives", "put 'flatten'"]),
        (["flatten", "max_pooling2d"], ["number 2 (max_pooling2d): 192 arrives", "lined up"]),
        (["max_pooling2d"], ["after the last (the softmax head): 4x4x3 arrives", "put 'flatten'"]),
        ([], ["after the last (the softmax head): 8x8x3 arrives"]),
    ],
)
def test_a_misfit_names_position_arriving_shape_and_way_out(entries, said):
    message = complain(entries)
    assert [part for part in said if part not in message] == []


def test_rows_begin_with_the_scaling_and_end_with_the_head():
    rows = walk_layers(read_layers(["flatten", DENSE]), (4, 5, 3), 7)
    assert [row.name for row in rows] == ["scaling", "flatten_1", "dense_1", "softmax"]
    assert [row.output_shape for row in rows] == [(4, 5, 3), (60,), (8,), (7,)]
    assert [row.multiply_adds for row in rows] == [60, 0, 480, 56]


def test_the_table_ends_with_the_totals():
    rows = walk_layers(read_layers(["flatten", DENSE]), (4, 5, 3), 7)
    table = tabulate_architecture(rows)
    assert list(table.columns) == [
        "layer",
        "kind",
        "output_shape",
        "parameters",
        "trainable_parameters",
        "multiply_adds",
    ]
    assert table["output_shape"].tolist() == ["4x5x3", "60", "8", "7", ""]
    *parts, total = table[["parameters", "multiply_adds"]].to_numpy().tolist()
    assert table["layer"].iloc[-1] == "total"
    assert total == [sum(column) for column in zip(*parts, strict=True)]


def test_the_onion_of_conf_base_has_known_shapes():
    table = tabulate_architecture(walk_layers(read_conf("base"), (28, 28, 1), 10))
    assert table["output_shape"].tolist() == [
        "28x28x1",
        "26x26x32",
        "13x13x32",
        "11x11x64",
        "5x5x64",
        "1600",
        "128",
        "128",
        "10",
        "",
    ]


@pytest.mark.parametrize(
    ("environment", "shape", "classes"),
    [
        ("base", (28, 28, 1), 10),
        ("photos_from_scratch", (32, 32, 3), 5),
        ("resnet9", (32, 32, 3), 5),
    ],
)
def test_the_shipped_networks_have_the_parameters_that_keras_counts(
    keras, environment, shape, classes
):
    layers = read_conf(environment)
    table = tabulate_architecture(walk_layers(layers, shape, classes))
    assert table["parameters"].iloc[-1] == build_model(layers, shape, classes, 0).count_params()


def residual(*layers, **options):
    return {"residual": {"layers": list(layers), **options}}


SAME = {"conv2d": {"filters": 3, "padding": "same"}}
NESTED = [
    SAME,
    residual(SAME, residual(SAME, "batch_normalization"), {"activation": {"activation": "relu"}}),
    residual({"conv2d": {"filters": 5, "padding": "same", "strides": 2}}, projection=True),
    "flatten",
    residual(DENSE, {"dense": {"units": 6}}, projection=True),
]


def test_the_layers_of_residuals_are_numbered_with_all_others():
    rows = walk_layers(read_layers(NESTED), (8, 7, 3), 2)
    assert [(row.name, row.kind, row.output_shape) for row in rows] == [
        ("scaling", "rescaling", (8, 7, 3)),
        ("conv2d_1", "conv2d", (8, 7, 3)),
        ("conv2d_2", "conv2d", (8, 7, 3)),
        ("conv2d_3", "conv2d", (8, 7, 3)),
        ("batch_normalization_1", "batch_normalization", (8, 7, 3)),
        ("add_2", "add", (8, 7, 3)),
        ("activation_1", "activation", (8, 7, 3)),
        ("add_1", "add", (8, 7, 3)),
        ("conv2d_4", "conv2d", (4, 4, 5)),
        ("projection_pooling_3", "average_pooling2d", (4, 4, 3)),
        ("projection_3", "conv2d", (4, 4, 5)),
        ("add_3", "add", (4, 4, 5)),
        ("flatten_1", "flatten", (80,)),
        ("dense_1", "dense", (8,)),
        ("dense_2", "dense", (6,)),
        ("projection_4", "dense", (6,)),
        ("add_4", "add", (6,)),
        ("softmax", "dense", (2,)),
    ]
    costs = {row.name: (row.parameters, row.multiply_adds) for row in rows}
    assert costs["projection_3"] == (15, 4 * 4 * 5 * 3)
    assert costs["projection_4"] == (80 * 6, 80 * 6)
    assert costs["add_1"] == (0, 0)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("residual", ["residual needs the argument 'layers'"]),
        (residual(), ["residual.layers is []", "at least 1"]),
        ({"residual": {"layers": "flatten"}}, ["residual.layers is 'flatten'", "valid list"]),
        (residual(SAME, "flaten"), [", number 2: layer 'flaten'", "'flatten'?"]),
        (residual(SAME, projetion=True), ["argument of residual 'projetion'", "'projection'?"]),
        (residual(residual(3)), [" (residual), number 1: expected one layer"]),
    ],
)
def test_a_mistake_in_a_residual_is_named_with_both_positions(entry, said):
    message = complain(["max_pooling2d", entry, "dens"])
    assert message.startswith("build.layers, number 2")
    assert [part for part in said if part not in message] == []
    assert message.splitlines()[1].startswith("build.layers, number 3: layer 'dens'")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            residual({"conv2d": {"filters": 4, "padding": "same"}}),
            ["(residual): 4x4x3 arrives: its layers make 4x4x4 of it", "set projection: true"],
        ),
        (residual({"conv2d": {"filters": 3}}), ["make 2x2x3", "padding: same"]),
        (residual("flatten"), ["make 48 of it", "let them keep the shape"]),
        (residual("flatten", projection=True), ["make 48", "no projection can"]),
        (residual({"conv2d": {"filters": 3, "kernel_size": 2}}, projection=True), ["make 3x3x3"]),
        (residual(SAME, DENSE), ["(residual), number 2 (dense): 4x4x3 arrives", "put 'flatten'"]),
        (
            residual("max_pooling2d", residual({"conv2d": {"filters": 1}}, projection=True)),
            ["(residual), number 2 (residual), number 1 (conv2d): 2x2x3 arrives"],
        ),
    ],
)
def test_what_cannot_be_added_is_named_with_the_way_out(entry, said):
    message = complain(["max_pooling2d", entry])
    assert message.startswith("build.layers, number 2 (residual)")
    assert [part for part in said if part not in message] == []
