import numpy as np
import pytest

from onion_pipeline.errors import RegistryError
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.content import hash_content, read_content, write_content

SHAPE = (8, 10, 3)
CONFIG = ServingConfig(["leek", "onion", "shallot"], SHAPE, Rendering("crop"))


@pytest.fixture
def model(keras):
    return build_model(read_layers(["flatten"]), SHAPE, len(CONFIG.class_names), seed=0)


def test_the_checksum_is_of_the_model_and_not_of_its_file(model, keras, tmp_path):
    for name in ("one", "two"):
        model.save(tmp_path / f"{name}.keras")
    loaded = [
        keras.models.load_model(path, compile=False, safe_mode=True)
        for path in sorted(tmp_path.glob("*.keras"))
    ]
    assert {hash_content(each, CONFIG) for each in loaded} == {hash_content(model, CONFIG)}


@pytest.mark.parametrize(
    "change",
    [
        {"class_names": ["leek", "onion", "garlic"]},
        {"image_shape": (10, 8, 3)},
        {"rendering": Rendering("pad")},
        {"operating_point": {"confidence_threshold": 0.5}},
    ],
)
def test_another_configuration_gives_another_checksum(model, change):
    assert hash_content(model, CONFIG._replace(**change)) != hash_content(model, CONFIG)


def test_another_weight_or_layer_gives_another_checksum(model):
    before = hash_content(model, CONFIG)
    weights = model.get_weights()
    weights[0] = np.nextafter(weights[0], np.float32(1))
    model.set_weights(weights)
    layers = read_layers(["flatten", {"dropout": {"rate": 0.5}}])
    other = build_model(layers, SHAPE, len(CONFIG.class_names), seed=0)
    assert len({before, hash_content(model, CONFIG), hash_content(other, CONFIG)}) == 3


@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("serving.json", b"{}"),
        ("serving.json", b"no JSON"),
        ("model.keras", b"no archive"),
        ("model.keras", None),
    ],
)
def test_what_cannot_be_read_is_one_error(model, tmp_path, damaged, content):
    write_content(tmp_path, model, CONFIG)
    found, config = read_content(tmp_path)
    assert hash_content(found, config) == hash_content(model, CONFIG)
    (tmp_path / damaged).unlink()
    if content is not None:
        (tmp_path / damaged).write_bytes(content)
    with pytest.raises(RegistryError, match="it cannot be read: "):
        read_content(tmp_path)
