import numpy as np
import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.copying import copy_network
from onion_pipeline.training.training_graph import make_training_graph

SHAPE, CLASSES = (12, 12, 3), 4
RELU = {"activation": "relu"}
CONVOLUTION = {"conv2d": {"filters": 4, **RELU}}
NETS = {
    "onion": [
        CONVOLUTION,
        "max_pooling2d",
        "flatten",
        {"dense": {"units": 5, **RELU}},
    ],
    "normalised": [
        {"conv2d": {"filters": 4}},
        "batch_normalization",
        {"activation": RELU},
        "max_pooling2d",
        "flatten",
    ],
    "separable": [{"separable_conv2d": {"filters": 4, **RELU}}, "max_pooling2d", "flatten"],
    "gelu": [{"conv2d": {"filters": 4, "activation": "gelu"}}, "max_pooling2d", "flatten"],
    "average": [CONVOLUTION, "average_pooling2d", "flatten"],
    "pooled first": ["max_pooling2d", CONVOLUTION, "flatten"],
    "pooled twice": [
        CONVOLUTION,
        "max_pooling2d",
        "max_pooling2d",
        "flatten",
    ],
}
RESIDUAL = [
    {"conv2d": {"filters": 4, "padding": "same", **RELU}},
    "max_pooling2d",
    {"conv2d": {"filters": 4, "padding": "same", "use_bias": False}},
    "batch_normalization",
    {"activation": RELU},
]
BRANCHES = {
    # The ReLU moves in the branch, so that layers of the projection come earlier than it.
    "residual": [
        {"residual": {"layers": RESIDUAL, "projection": True}},
        {"activation": RELU},
        "max_pooling2d",
        "flatten",
    ],
    # What goes around the pooling has gone through the ReLU, which therefore stays where it is.
    "shared": [
        {"conv2d": {"filters": 4, **RELU}},
        {"residual": {"layers": [{"max_pooling2d": {"strides": 1, "padding": "same"}}]}},
        "flatten",
    ],
}
NETS |= BRANCHES
POSTPONED = {"residual", "onion", "normalised", "separable", "pooled twice"}


@pytest.fixture(params=NETS)
def net(request, keras):
    model = build_model(read_layers(NETS[request.param]), SHAPE, CLASSES, seed=1)
    generator = np.random.default_rng(0)  # biases are not zero after the first step
    model.set_weights([w + generator.normal(0, 0.1, w.shape) for w in model.get_weights()])
    return request.param, model


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (9, *SHAPE), dtype=np.uint8)


def differentiate(model, images, from_logits):
    import tensorflow as tf

    labels = np.arange(len(images)) % CLASSES
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            tf.keras.losses.sparse_categorical_crossentropy(
                labels, model(images, training=True), from_logits=from_logits
            )
        )
    return tape.gradient(loss, [one.value for one in model.trainable_variables])


def test_the_form_computes_the_same_probabilities(keras, net, images):
    _, model = net
    logits = make_training_graph(model, "float32")(images)
    assert logits.dtype == "float32"
    np.testing.assert_allclose(keras.ops.softmax(logits), model.predict_on_batch(images), atol=1e-6)


def test_the_form_learns_the_same(keras, net, images):
    _, model = net
    graph = make_training_graph(model, "float32")
    gradients = differentiate(model, images, False), differentiate(graph, images, True)
    for expected, found in zip(*gradients, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_relu_before_a_max_pooling_comes_after_it_and_no_other(keras, net):
    name, model = net
    kinds = [type(layer).__name__ for layer in make_training_graph(model, "float32").layers]
    after = kinds[1 + kinds.index("MaxPooling2D")] if "MaxPooling2D" in kinds else ""
    assert (after in ("ReLU", "Activation")) == (name in POSTPONED)


def test_the_model_is_left_as_it_is_and_gets_what_was_learned_in_a_copy(keras, net, images):
    _, model = net
    before, answers = model.get_config(), model.predict_on_batch(images)
    graph = make_training_graph(model, "float32")
    graph.set_weights([weights / 2 for weights in graph.get_weights()])
    copy = copy_network(model, graph)
    assert model.get_config() == before
    np.testing.assert_array_equal(model.predict_on_batch(images), answers)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    np.testing.assert_allclose(
        copy.predict_on_batch(images), keras.ops.softmax(graph(images)), atol=1e-6
    )


def test_bfloat16_computes_nearly_the_same_from_weights_in_float32(keras, net, images):
    _, model = net
    graph = make_training_graph(model, "mixed_bfloat16")
    assert {weights.dtype for weights in graph.get_weights()} == {np.dtype("float32")}
    logits = graph(images)
    assert logits.dtype == "float32"
    np.testing.assert_allclose(keras.ops.softmax(logits), model.predict_on_batch(images), atol=0.02)


def test_networks_with_branches_are_taken_too(keras, images):
    inputs = keras.Input(SHAPE, dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    left = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(scaled)
    joined = keras.layers.GlobalMaxPooling2D()(keras.layers.Add()([left, scaled]))
    outputs = keras.layers.Dense(CLASSES, activation="softmax", name="softmax")(joined)
    model = keras.Model(inputs, outputs)
    graph = make_training_graph(model, "float32")
    np.testing.assert_allclose(
        keras.ops.softmax(graph(images)), model.predict_on_batch(images), atol=1e-6
    )


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenet_v3_small"])
def test_a_backbone_learns_with_what_is_frozen_and_keeps_its_names(keras, name):
    """MobileNet has sums between its layers that are no layers."""
    entry = {"backbone": {"name": name, "weights": None, "trainable": "top"}}
    model = build_model(read_layers([entry, "global_average_pooling2d"]), (32, 32, 3), 3, seed=0)
    graph = make_training_graph(model, "float32")
    for copy in (graph, copy_network(model, graph)):
        assert [each.name for each in copy.layers] == [each.name for each in model.layers]
        trained = [each.path for each in copy.trainable_weights]
        assert trained == [each.path for each in model.trainable_weights]
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    answers = keras.ops.softmax(graph(images, training=True))
    np.testing.assert_allclose(answers, model(images), atol=1e-6)
