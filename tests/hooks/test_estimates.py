import numpy as np
import pytest

from onion_pipeline.errors import LayerError
from onion_pipeline.hooks.estimates import MODELS, estimate_bytes
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.model.architecture import read_layers, walk_layers

SHAPE = (28, 28, 1)
SPLITS = {"train_images", "validation_images", "test_images"}
ARRAYS = {"decoded_images", "augmented_images", *SPLITS}


@pytest.fixture
def parameters(load_conf):
    return load_conf()["parameters"]


@pytest.mark.parametrize(("keep", "variants"), [(True, 6), (False, 1)])
def test_arrays_are_as_large_as_estimated(parameters, keep, variants):
    changed = {**parameters, "augment": {"copies": 5, "keep": keep}}
    sizes = estimate_bytes(1000, SHAPE, changed, ARRAYS)
    assert sizes["train_images"] == np.zeros(700, labelled_dtype(SHAPE)).nbytes
    assert sizes["test_images"] == sizes["validation_images"] == 150 * sizes["train_images"] // 700
    assert sizes["augmented_images"] == variants * sizes["train_images"]


def test_a_model_takes_four_bytes_a_weight(parameters):
    rows = walk_layers(read_layers(parameters["build"]["layers"]), SHAPE, 2)
    models = set(estimate_bytes(10, SHAPE, parameters, MODELS).values())
    assert models == {4 * sum(row.parameters for row in rows)}


BACKBONE = {"backbone": {"name": "efficientnet_lite0", "trainable": "none"}}


@pytest.mark.parametrize(
    ("head", "copies", "features"),
    [
        (["global_average_pooling2d", {"dropout": {"rate": 0.2}}], 2, (1280,)),
        (["global_average_pooling2d", {"dense": {"units": 8}}], 9, (1280,)),
        (["flatten"], 0, (7 * 7 * 1280,)),
    ],
)
def test_features_are_counted_with_the_variants_that_there_are(parameters, head, copies, features):
    changed = {
        **parameters,
        "augment": {"copies": 5, "keep": False},
        "build": {"layers": [BACKBONE, *head]},
        "train": {**parameters["train"], "probe": {"copies": copies}},
    }
    (size,) = estimate_bytes(1000, (224, 224, 3), changed, {"backbone_features"}).values()
    row = np.zeros(1, labelled_dtype(features, np.float32)).nbytes
    assert size == (700 * (1 + min(copies, 5)) + 150) * row


def test_without_a_probe_there_are_no_features_to_count(parameters):
    made = {"backbone_features"}
    assert estimate_bytes(1000, SHAPE, parameters, made) == {"backbone_features": 0}


def test_what_is_not_made_takes_nothing(parameters):
    assert set(estimate_bytes(10, SHAPE, parameters, {"test_images", "metrics"})) == {"test_images"}


def test_pictures_too_small_for_the_layers_matter_where_a_model_is_made(parameters):
    estimate_bytes(10, (4, 4, 1), parameters, ARRAYS)
    with pytest.raises(LayerError, match="number 3"):
        estimate_bytes(10, (4, 4, 1), parameters, MODELS)


def test_every_estimate_is_of_an_entry_of_the_catalog(load_conf):
    conf = load_conf()
    assert estimate_bytes(10, SHAPE, conf["parameters"], ARRAYS | MODELS).keys() <= set(
        conf["catalog"]
    )
