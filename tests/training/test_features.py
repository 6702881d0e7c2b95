import numpy as np
import pytest

from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.augmentation.streaming import StreamedImages
from onion_pipeline.augmentation.variants import augment_images
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.training.features import (
    compute_features,
    find_features_shape,
    offer_none,
    split_network,
)

SHAPE = (32, 32, 3)
BACKBONE = {"backbone": {"name": "efficientnet_lite0"}}
HEADS = {
    "pooled": (["global_average_pooling2d", {"dropout": {"rate": 0.2}}], (1280,)),
    "hidden": (["global_max_pooling2d", {"dense": {"units": 4}}], (1280,)),
    "maps": ([{"conv2d": {"filters": 2, "kernel_size": 1}}, "flatten"], (1, 1, 1280)),
    "residual": (
        ["flatten", {"residual": {"layers": [{"activation": {"activation": "relu"}}]}}],
        (1280,),
    ),
}


def make_network(head, classes=3, seed=0):
    return build_model(read_layers([BACKBONE, *head]), SHAPE, classes, seed)


@pytest.fixture(scope="module")
def network(keras):
    return make_network(HEADS["pooled"][0])


@pytest.fixture
def images():
    made = np.zeros(40, labelled_dtype(SHAPE))  # more than a batch
    made["image"] = np.random.default_rng(0).integers(0, 256, (40, *SHAPE))
    made["label"], made["index"] = np.arange(40) % 3, np.arange(40)
    return made


@pytest.mark.parametrize("name", HEADS)
def test_both_parts_in_a_row_are_the_network(name, keras, images):
    head, shape = HEADS[name]
    model = make_network(head)
    frozen, learned = split_network(model)
    assert frozen.output_shape[1:] == shape
    assert find_features_shape(read_layers([BACKBONE, *head]), SHAPE) == shape
    assert not any(layer.weights for layer in learned.layers if layer.name.startswith("backbone"))
    expected = model.predict_on_batch(images["image"][:5])
    features = frozen.predict_on_batch(images["image"][:5])
    np.testing.assert_allclose(learned.predict_on_batch(features), expected, atol=1e-6)


def test_features_are_those_of_each_image_in_its_row(network, images):
    frozen, _ = split_network(network)
    made = compute_features(network, images[:33], images[33:]).gather()
    assert made.dtype["image"].base == np.float32
    for name in ("label", "index", "copy"):
        np.testing.assert_array_equal(made[name], images[name])
    expected = frozen.predict_on_batch(images["image"])
    np.testing.assert_allclose(made["image"], expected, rtol=1e-3, atol=1e-5)


def test_variants_have_the_same_features_kept_and_streamed(network, images):
    policy = make_policy([{"HorizontalFlip": {"p": 0.5}}])
    kept = augment_images(images[:9], policy, 2, seed=1).gather()
    streamed = StreamedImages(images[:9], policy, 2, seed=1)
    made = compute_features(network, kept).gather(), compute_features(network, streamed).gather()
    np.testing.assert_array_equal(*made)
    assert len(made[0]) == 27


def test_features_are_of_one_origin_whatever_the_head_is(keras, network, images):
    origin = compute_features(network, images).origin
    hidden = make_network(HEADS["hidden"][0], classes=5, seed=0)
    pooled = make_network([*HEADS["pooled"][0], {"dense": {"units": 4}}], classes=5, seed=0)
    assert compute_features(pooled, images).origin == origin
    assert compute_features(hidden, images).origin != origin  # they are other numbers
    assert compute_features(network, images[:-1]).origin != origin


def test_without_a_probe_there_are_none():
    assert len(offer_none().gather()) == 0
