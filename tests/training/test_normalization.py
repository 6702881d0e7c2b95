import numpy as np
import pytest

from onion_pipeline.training.normalization import fuse_batch_normalization, is_usual

NUMBERS = np.random.default_rng(0).normal(3, 2, (6, 5, 4, 3)).astype(np.float32)
ROWS = NUMBERS[:, 0, 0]


def make_pair(keras, shape, **options):
    kinds = keras.layers.BatchNormalization, fuse_batch_normalization()
    pair = [kind(momentum=0.7, epsilon=1e-2, **options) for kind in kinds]
    generator = np.random.default_rng(1)
    weights = [generator.uniform(0.5, 2, shape[-1:]).astype(np.float32) for _ in range(4)]
    for layer in pair:
        layer.build((None, *shape[1:]))
        layer.set_weights(weights)
    return pair


def learn(layer, numbers):
    """Return what a step gives, the gradients by all weights and numbers, and the averages."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        arriving = tf.constant(numbers)
        tape.watch(arriving)
        made = layer(arriving, training=True)
        loss = tf.reduce_sum(tf.cast(made, tf.float32) ** 3)
    sources = [arriving, layer.gamma.value, layer.beta.value]
    return [made, *tape.gradient(loss, sources), *layer.get_weights()[2:]]


@pytest.mark.parametrize("numbers", [NUMBERS, ROWS, NUMBERS[:1, :1, :1]], ids=["4", "2", "one"])
def test_it_learns_as_the_layer_of_keras_does(keras, numbers):
    theirs, ours = (learn(each, numbers) for each in make_pair(keras, numbers.shape))
    for expected, found in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_it_computes_in_bfloat16_with_statistics_in_float32(keras):
    exact, rounded = make_pair(keras, NUMBERS.shape, dtype="mixed_bfloat16")
    made = rounded(NUMBERS, training=True)
    assert made.dtype == "bfloat16"
    np.testing.assert_allclose(
        np.float32(made), np.float32(exact(NUMBERS, training=True)), atol=0.1
    )
    for expected, found in zip(exact.get_weights(), rounded.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-2)


@pytest.mark.parametrize("frozen", [False, True])
def test_what_has_learned_or_is_frozen_answers_with_its_averages(keras, frozen):
    theirs, ours = make_pair(keras, NUMBERS.shape)
    ours.trainable = not frozen
    before = ours.get_weights()
    np.testing.assert_array_equal(ours(NUMBERS, training=frozen), theirs(NUMBERS, training=False))
    for expected, found in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("options", "usual"), [({}, True), ({"momentum": 0.5}, True), ({"scale": False}, False)]
)
def test_only_what_parameter_files_ask_for_is_fused(keras, options, usual):
    assert is_usual(keras.layers.BatchNormalization(**options)) is usual
    assert not is_usual(fuse_batch_normalization()())
