import numpy as np
import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.inference_graph import make_inference_graph


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (4, 64, 48, 3), np.uint8)


def build(*layers):
    return build_model(read_layers(layers), (64, 48, 3), 3, seed=0)


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("efficientnet_lite0", "imagenet"),
        ("mobilenet_v3_small", None),
        pytest.param("resnet50_v2", None, marks=pytest.mark.slow),
    ],
)
def test_it_has_the_same_weights_and_gives_the_same_answers(keras, images, name, weights):
    backbone = {"name": name, "weights": weights}
    model = build({"backbone": backbone}, "global_average_pooling2d")
    graph = make_inference_graph(model)
    expected = model.predict_on_batch(images)
    np.testing.assert_allclose(graph.predict_on_batch(images), expected, rtol=1e-3, atol=1e-5)
    for layer in model.layers:
        kept = graph.get_layer(layer.name).get_weights()
        assert all(map(np.array_equal, layer.get_weights(), kept))


def test_a_factor_of_the_statistics_is_in_the_answer(keras, images):
    """Random networks have statistics of 0 and 1, which would hide a mistake."""
    model = build(
        {"conv2d": {"filters": 4, "use_bias": False}},
        "batch_normalization",
        {"activation": {"activation": "relu"}},
        "flatten",
    )
    normalization = model.get_layer("batch_normalization_1")
    generator = np.random.default_rng(1)
    normalization.set_weights([generator.uniform(0.5, 2, 4) for _ in range(4)])
    normalization.trainable = False
    graph = make_inference_graph(model)
    assert graph is not model
    expected = model.predict_on_batch(images)
    np.testing.assert_allclose(graph.predict_on_batch(images), expected, rtol=1e-4, atol=1e-6)


def test_a_network_that_learns_its_statistics_is_left_as_it_is(keras):
    model = build("batch_normalization", "flatten")
    assert make_inference_graph(model) is model
