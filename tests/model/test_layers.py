import pytest
from pydantic import ValidationError

from onion_pipeline.model.layers import KINDS, ShapeError

PICTURE, OBLONG, GREY = (12, 12, 3), (9, 14, 2), (7, 8, 1)
CONVOLUTIONS = [
    ({"filters": 4}, PICTURE),
    ({"filters": 4, "kernel_size": 1}, GREY),
    ({"filters": 5, "kernel_size": [3, 5], "use_bias": False}, OBLONG),
    ({"filters": 4, "kernel_size": 4, "strides": 2, "padding": "same"}, OBLONG),
    ({"filters": 4, "kernel_size": 5, "strides": 3, "activation": "relu"}, PICTURE),
    ({"filters": 4, "kernel_size": 9, "padding": "same"}, GREY),
]
POOLINGS = [
    ({}, PICTURE),
    ({}, GREY),
    ({"pool_size": 3}, OBLONG),
    ({"pool_size": [2, 3], "padding": "same"}, OBLONG),
    ({"pool_size": 3, "strides": 2}, PICTURE),
    ({"pool_size": 3, "strides": [1, 2], "padding": "same"}, GREY),
]
ANY_SHAPE = [PICTURE, OBLONG, (6,)]
CASES = [
    *(("conv2d", *case) for case in CONVOLUTIONS),
    ("conv2d", {"filters": 4, "strides": [1, 2]}, OBLONG),
    *(("separable_conv2d", *case) for case in CONVOLUTIONS),
    ("separable_conv2d", {"filters": 4, "depth_multiplier": 3}, PICTURE),
    *(("max_pooling2d", *case) for case in POOLINGS),
    *(("average_pooling2d", *case) for case in POOLINGS),
    *(("global_average_pooling2d", {}, shape) for shape in (PICTURE, OBLONG)),
    *(("global_max_pooling2d", {}, shape) for shape in (PICTURE, OBLONG)),
    *(("flatten", {}, shape) for shape in ANY_SHAPE),
    ("dense", {"units": 5}, (6,)),
    ("dense", {"units": 5, "use_bias": False, "activation": "gelu"}, (1,)),
    *(("dropout", {"rate": 0.4}, shape) for shape in ANY_SHAPE),
    *(("spatial_dropout2d", {"rate": 0.0}, shape) for shape in (PICTURE, OBLONG)),
    *(("batch_normalization", {}, shape) for shape in ANY_SHAPE),
    ("batch_normalization", {"momentum": 0.9, "epsilon": 1e-5}, PICTURE),
    *(("layer_normalization", {}, shape) for shape in ANY_SHAPE),
    ("layer_normalization", {"epsilon": 1e-5}, PICTURE),
    *(("activation", {"activation": "silu"}, shape) for shape in ANY_SHAPE),
]
ONE_LAYER = [kind for kind in KINDS if kind != "backbone"]  # that one is a network
SPATIAL = [kind for kind, layer in KINDS.items() if layer.is_spatial]
REQUIRED = {
    "conv2d": {"filters": 4},
    "separable_conv2d": {"filters": 4},
    "dense": {"units": 4},
    "dropout": {"rate": 0.5},
    "spatial_dropout2d": {"rate": 0.5},
    "activation": {"activation": "relu"},
    "backbone": {"name": "efficientnet_lite0"},
}
# Keras has no default here; ours are the usual ones.
DEMANDED = {
    "conv2d": {"kernel_size": 3},
    "separable_conv2d": {"kernel_size": 3},
    "average_pooling2d": {"pool_size": 2},
}


def test_the_cases_below_cover_every_kind():
    assert {kind for kind, _, _ in CASES} == set(ONE_LAYER)


@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES)
def test_shape_and_parameters_are_those_of_keras(keras, kind, arguments, shape):
    ours = KINDS[kind].model_validate(arguments)
    theirs = getattr(keras.layers, type(ours).__name__)(**ours.model_dump())
    leaving = theirs(keras.Input(shape)).shape[1:]
    assert ours.output_shape(shape) == tuple(leaving)
    assert ours.count_parameters(shape) == theirs.count_params()


@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES)
def test_arguments_and_defaults_are_those_of_keras(keras, kind, arguments, shape):
    ours = KINDS[kind].model_validate(arguments)
    make = getattr(keras.layers, type(ours).__name__)
    theirs = make(**DEMANDED.get(kind, {}) | arguments, name="layer")
    assert make(**ours.model_dump(), name="layer").get_config() == theirs.get_config()


@pytest.mark.parametrize("kind", ONE_LAYER)
def test_a_kind_is_called_as_keras_names_its_layers(keras, kind):
    layer = KINDS[kind].model_validate(REQUIRED.get(kind, {}))
    keras.backend.clear_session()
    assert getattr(keras.layers, type(layer).__name__)(**layer.model_dump()).name == kind


@pytest.mark.parametrize(
    ("kind", "arguments", "shape", "expected"),
    [
        ("conv2d", {"filters": 32}, (28, 28, 1), 26 * 26 * 32 * 9),
        ("conv2d", {"filters": 2, "strides": 2, "padding": "same"}, (5, 5, 3), 3 * 3 * 2 * 9 * 3),
        ("separable_conv2d", {"filters": 8}, (6, 6, 3), 16 * 3 * 9 + 16 * 3 * 8),
        (
            "separable_conv2d",
            {"filters": 8, "depth_multiplier": 2},
            (3, 3, 3),
            1 * 6 * 9 + 1 * 6 * 8,
        ),
        ("dense", {"units": 10}, (7,), 70),
        ("batch_normalization", {}, (4, 4, 3), 48),
        ("layer_normalization", {}, (5,), 5),
        ("max_pooling2d", {}, PICTURE, 0),
        ("average_pooling2d", {}, PICTURE, 0),
        ("global_average_pooling2d", {}, PICTURE, 0),
        ("flatten", {}, PICTURE, 0),
        ("dropout", {"rate": 0.4}, PICTURE, 0),
        ("activation", {"activation": "relu"}, PICTURE, 0),
    ],
)
def test_multiply_adds_of_examples_by_hand(kind, arguments, shape, expected):
    assert KINDS[kind].model_validate(arguments).count_multiply_adds(shape) == expected


@pytest.mark.parametrize(
    ("kind", "name"),
    [("conv2d", "kernel_size"), ("conv2d", "strides"), ("max_pooling2d", "pool_size")],
)
def test_one_number_stands_for_height_and_width(kind, name):
    required = REQUIRED.get(kind, {})
    one, two = (KINDS[kind].model_validate(required | {name: value}) for value in (2, [2, 2]))
    assert one == two
    assert getattr(one, name) == (2, 2)


@pytest.mark.parametrize("kind", SPATIAL)
def test_layers_of_pictures_refuse_a_row_of_numbers(kind):
    layer = KINDS[kind].model_validate(REQUIRED.get(kind, {}))
    with pytest.raises(ShapeError, match="move it before 'flatten'"):
        layer.output_shape((8,))


def test_dense_refuses_a_picture():
    with pytest.raises(ShapeError, match="put 'flatten' or 'global_average_pooling2d' before it"):
        KINDS["dense"](units=2).output_shape(PICTURE)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("conv2d", {"filters": 1, "kernel_size": 5}),
        ("separable_conv2d", {"filters": 1, "kernel_size": [1, 5]}),
        ("max_pooling2d", {"pool_size": [5, 1]}),
        ("average_pooling2d", {"pool_size": 5, "strides": 1}),
    ],
)
def test_a_window_larger_than_the_picture_is_refused_unless_padded(kind, arguments):
    layer = KINDS[kind].model_validate(arguments)
    with pytest.raises(ShapeError, match=r"larger than the 4x4 .*padding: same"):
        layer.output_shape((4, 4, 1))
    padded = KINDS[kind].model_validate(arguments | {"padding": "same"})
    assert min(padded.output_shape((4, 4, 1))) > 0


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("conv2d", {"filters": 0}),
        ("conv2d", {"filters": 4, "kernel_size": 0}),
        ("conv2d", {"filters": 4, "kernel_size": [3, 3, 3]}),
        ("conv2d", {"filters": 4, "padding": "full"}),
        ("conv2d", {"filters": 4, "dilation_rate": 2}),
        ("separable_conv2d", {"filters": 4, "depth_multiplier": 0}),
        ("max_pooling2d", {"pool_size": -1}),
        ("flatten", {"data_format": "channels_last"}),
        ("dense", {"units": 1.5}),
        ("dense", {"units": 4, "activation": "softmax"}),
        ("dropout", {"rate": 1}),
        ("dropout", {"rate": -0.1}),
        ("batch_normalization", {"momentum": 1}),
        ("layer_normalization", {"epsilon": 0}),
        ("activation", {"activation": "reluu"}),
        ("backbone", {"name": "resnet"}),
        ("backbone", {"name": "resnet50_v2", "from_block": "conv5block1"}),  # and trainable: all
        ("backbone", {"name": "resnet50_v2", "trainable": "some"}),
    ],
)
def test_impossible_arguments_are_refused(kind, arguments):
    with pytest.raises(ValidationError):
        KINDS[kind].model_validate(arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_in_one_line_what_it_does(kind):
    summary = (KINDS[kind].__doc__ or "").splitlines()[0]
    assert summary.endswith(".")
    assert summary not in {KINDS[other].__doc__.splitlines()[0] for other in KINDS if other != kind}


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "elu", "gelu", "silu"])
def test_activations_are_known_to_keras(keras, activation):
    layer = KINDS["activation"](activation=activation)
    assert callable(keras.activations.get(layer.activation))
