import numpy as np
import pytest

from onion_pipeline.errors import LayerError
from onion_pipeline.model.architecture import read_layers, walk_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.graph import read_graph

SHAPE, CLASSES = (12, 10, 3), 4
LAYERS = read_layers(
    [
        {"conv2d": {"filters": 4, "use_bias": False}},
        "batch_normalization",
        "max_pooling2d",
        {"separable_conv2d": {"filters": 6, "padding": "same", "activation": "relu"}},
        "flatten",
        {"dropout": {"rate": 0.5}},
    ]
)
PICTURES = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), dtype=np.uint8)


@pytest.fixture(scope="module")
def model(keras):
    return build_model(LAYERS, SHAPE, CLASSES, seed=1)


def test_the_walk_describes_the_model_that_is_built(model):
    rows = walk_layers(LAYERS, SHAPE, CLASSES)
    built = [(x.name, tuple(x.output.shape[1:]), x.count_params()) for x in model.layers]
    assert [(row.name, row.output_shape, row.parameters) for row in rows] == built


def test_bytes_go_in_and_float32_probabilities_come_out(model):
    probabilities = model.predict_on_batch(PICTURES)
    assert model.inputs[0].dtype == "uint8"
    assert probabilities.shape == (len(PICTURES), CLASSES)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_pictures_are_scaled_to_one_inside_the_model(model):
    scaled = np.asarray(model.get_layer("scaling")(PICTURES))
    np.testing.assert_allclose(scaled, PICTURES / 255, rtol=1e-6)


def test_the_head_stays_in_float32_under_mixed_precision(keras):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = build_model(LAYERS, SHAPE, CLASSES, seed=1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.layers[1].compute_dtype == "bfloat16"
    assert mixed.layers[-1].compute_dtype == "float32"


@pytest.mark.parametrize(("seed", "same"), [(1, True), (2, False)])
def test_the_seed_alone_decides_the_first_weights(model, seed, same):
    other = build_model(LAYERS, SHAPE, CLASSES, seed=seed)
    equal = map(np.array_equal, model.get_weights(), other.get_weights())
    assert all(equal) is same


def test_a_misfit_is_refused():
    with pytest.raises(LayerError, match=r"number 1 \(conv2d\): 2x2x3 arrives"):
        build_model(LAYERS, (2, 2, 3), CLASSES, seed=1)


CONVOLUTION = {"conv2d": {"filters": 3, "padding": "same"}}
BRANCHED = read_layers(
    [
        {"residual": {"layers": [CONVOLUTION, {"residual": {"layers": ["batch_normalization"]}}]}},
        {
            "residual": {
                "layers": [{"conv2d": {"filters": 5, "padding": "same", "strides": 2}}],
                "projection": True,
            }
        },
        "global_max_pooling2d",
        {"residual": {"layers": [{"dense": {"units": 5}}]}},
    ]
)


def test_the_walk_describes_a_network_with_residuals(keras):
    rows = walk_layers(BRANCHED, SHAPE, CLASSES)
    built = read_graph(build_model(BRANCHED, SHAPE, CLASSES, seed=1))
    assert [node[:2] + node[4:8] for node in built[1:]] == [tuple(row) for row in rows]


def test_a_residual_adds_what_arrives_to_what_its_layers_make(keras):
    model = build_model(BRANCHED, SHAPE, CLASSES, seed=1)
    found = {name: model.get_layer(name).output for name in ("scaling", "conv2d_1", "add_2")}
    found |= {name: model.get_layer(name).output for name in ("add_1", "conv2d_2", "add_3")}
    found = {name: np.asarray(x) for name, x in keras.Model(model.input, found)(PICTURES).items()}
    np.testing.assert_allclose(found["add_1"], found["scaling"] + found["add_2"], rtol=1e-6)
    means = model.get_layer("projection_pooling_3")(found["add_1"])
    around = np.asarray(model.get_layer("projection_3")(means))
    np.testing.assert_allclose(found["add_3"], found["conv2d_2"] + around, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("seed", "same"), [(1, True), (2, False)])
def test_the_seed_alone_decides_the_first_weights_of_residuals(keras, seed, same):
    model, other = (build_model(BRANCHED, SHAPE, CLASSES, seed=each) for each in (1, seed))
    equal = map(np.array_equal, model.get_weights(), other.get_weights())
    assert all(equal) is same
