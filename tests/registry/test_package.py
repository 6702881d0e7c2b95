import io
from importlib.metadata import version

import mlflow
import pytest
from PIL import Image

from onion_pipeline.images.decoding.decoder import Rendering, decode_image
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry.package import (
    CONTENT,
    find_model_version,
    hash_package,
    list_requirements,
    make_input_example,
    write_package,
)
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.payloads import read_payload

SHAPE = (8, 10, 3)
CONFIG = ServingConfig(["leek", "onion", "shallot"], SHAPE, Rendering("crop"))


@pytest.fixture
def model(keras):
    return build_model(read_layers(["flatten"]), SHAPE, len(CONFIG.class_names), seed=0)


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


def test_packages_of_the_same_model_have_the_same_checksum_and_no_others(model, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        write_package(folder, Classifier(model, CONFIG), mlflow.models.Model())
    whole = hash_package(one)
    assert whole == hash_package(two)
    (one / "attachments").mkdir()
    (one / "attachments" / "metrics.json").write_text("{}")
    (one / "code" / "onion_pipeline" / "errors.pyc").write_bytes(b"compiled")
    assert hash_package(one) == whole
    code = one / "pyfunc.py"
    code.write_text(code.read_text() + " ")
    weights = two / CONTENT / "model.keras"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    assert len({whole, hash_package(one), hash_package(two)}) == 3


@pytest.mark.parametrize(
    ("noted", "version"),
    [("model_name: onions\nmodel_version: '12'\n", "12"), ("model_version: null\n", None)],
)
def test_the_version_is_what_mlflow_noted_when_it_fetched_the_model(tmp_path, noted, version):
    (tmp_path / "registered_model_meta").write_text(noted)
    assert find_model_version(tmp_path) == version


def test_a_folder_that_came_from_no_registry_has_no_version(tmp_path):
    assert find_model_version(tmp_path) is None
