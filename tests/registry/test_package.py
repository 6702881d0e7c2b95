import io
from importlib.metadata import version

import mlflow
import numpy as np
import pytest
from PIL import Image

from onion_pipeline.errors import RegistryError
from onion_pipeline.images.decoding import Rendering, decode_image
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry.package import (
    find_weights,
    hash_content,
    hash_package,
    list_requirements,
    make_input_example,
    read_package,
    write_package,
)
from onion_pipeline.registry.payloads import read_payload
from onion_pipeline.registry.serving_config import ServingConfig

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


def test_requirements_pin_one_tensorflow_and_what_decodes():
    pins = dict(entry.split("==") for entry in list_requirements())
    assert len({"tensorflow", "tensorflow-cpu"} & set(pins)) == 1
    assert {"keras", "mlflow", "numpy", "pandas", "pillow"} <= set(pins)
    assert pins == {name: version(name) for name in pins}


def test_the_input_example_is_a_picture_that_the_configuration_describes():
    (example,) = make_input_example(CONFIG)["image"]
    assert decode_image(read_payload(example), SHAPE, Rendering("crop")).shape == SHAPE
    gray = ServingConfig(["a", "b"], (5, 4, 1), Rendering())
    with Image.open(io.BytesIO(read_payload(make_input_example(gray)["image"][0]))) as image:
        assert (image.mode, image.size) == ("L", (4, 5))


@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("serving.json", b"{}"),
        ("serving.json", b"no JSON"),
        ("model.keras", b"no archive"),
        ("model.keras", None),
    ],
)
def test_a_package_that_cannot_be_read_is_one_error(model, tmp_path, damaged, content):
    folder = tmp_path / "artifacts"
    folder.mkdir()
    model.save(folder / "model.keras")
    CONFIG.write(folder / "serving.json")
    found, card = read_package(tmp_path)
    assert hash_content(found, card) == hash_content(model, CONFIG)
    (folder / damaged).unlink()
    if content is not None:
        (folder / damaged).write_bytes(content)
    with pytest.raises(RegistryError, match="it cannot be read: "):
        read_package(tmp_path)


def test_packages_of_the_same_model_have_the_same_checksum_and_no_others(model, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        write_package(folder, model, CONFIG, mlflow.models.Model())
    whole = hash_package(one)
    assert whole == hash_package(two)
    (one / "evidence").mkdir()
    (one / "evidence" / "metrics.json").write_text("{}")
    (one / "code" / "onion_pipeline" / "errors.pyc").write_bytes(b"compiled")
    assert hash_package(one) == whole
    serving = one / "serving.py"
    serving.write_text(serving.read_text() + " ")
    weights = bytearray(find_weights(two).read_bytes())
    weights[len(weights) // 2] ^= 1
    find_weights(two).write_bytes(weights)
    assert len({whole, hash_package(one), hash_package(two)}) == 3
