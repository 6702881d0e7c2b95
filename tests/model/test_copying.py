import numpy as np

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.copying import copy_network, copy_weights

LAYERS = [{"conv2d": {"filters": 2}}, "batch_normalization", "flatten", {"dropout": {"rate": 0.4}}]


def build(seed: int):
    return build_model(read_layers(LAYERS), (6, 6, 1), 3, seed)


def test_a_copy_answers_alike_and_shares_nothing():
    model = build(1)
    copy = copy_network(model)
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1), np.uint8)
    before = model.predict_on_batch(images)
    np.testing.assert_array_equal(copy.predict_on_batch(images), before)
    copy.set_weights([np.zeros_like(weights) for weights in copy.get_weights()])
    np.testing.assert_array_equal(model.predict_on_batch(images), before)


def test_weights_go_to_the_layers_of_the_same_names():
    model, other = build(1), build(2)
    for made in (copy_network(model, other), other):
        copy_weights(made, model)
        for mine, others in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, others)
