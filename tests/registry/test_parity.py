import io
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.errors import ParityError
from onion_pipeline.evaluation.predictions import predict_probabilities, tabulate_predictions
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.images.decoding.decoder import Rendering, decode_image
from onion_pipeline.images.decoding.exif import ORIENTATION
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry import parity
from onion_pipeline.registry.golden_images import GoldenImages
from onion_pipeline.registry.parity import GPU_TOLERANCE, TOLERANCE, measure_parity, require_parity
from onion_pipeline.serving import classifier, content, onnx_export
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig

pytestmark = pytest.mark.slow  # an MLflow store, and ONNX

STAGES = ["decoding", "test_predictions", "saved_file", "package"]


def make_tested(network, config, pixels):
    """The table that pipeline evaluate leaves."""
    images = np.zeros(len(pixels), labelled_dtype(config.image_shape))
    images["image"], images["index"] = pixels, np.arange(len(pixels))
    probabilities = predict_probabilities(network, pixels)
    paths = pd.Series([f"{number}.png" for number in range(len(pixels))])
    return tabulate_predictions(images, probabilities, paths, config.class_names)


@pytest.fixture(scope="module")
def golden(config, encode_picture):
    """Every second of twelve test images; one that lies on its side, a grey one, a JPEG."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    encoded = [
        encode_picture(0, exif=exif),
        encode_picture(1, (30, 40)),
        encode_picture(2, (31, 16, 3), "JPEG"),
        *(encode_picture(seed) for seed in range(3, 6)),
    ]
    pixels = [decode_image(data, config.image_shape, config.rendering) for data in encoded]
    paths = [f"{number}.png" for number in range(0, 12, 2)]
    return GoldenImages(np.arange(0, 12, 2), paths, np.stack(pixels), encoded)


@pytest.fixture(scope="module")
def tested(network, config, golden):
    return make_tested(network, config, np.repeat(golden.pixels, 2, axis=0))


@pytest.fixture
def measure(network, config, golden, tested, monkeypatch):
    """A function that compares the network in all but ONNX, with what is given otherwise."""
    monkeypatch.setattr(parity, "can_export", lambda: False)

    def run(config=config, golden=golden, tested=tested):
        return measure_parity(Classifier(network, config), golden, tested)

    return run


def list_failures(report):
    assert report["passed"] == all(stage["passed"] for stage in report["stages"])
    return {stage["stage"]: stage for stage in report["stages"] if not stage["passed"]}


def test_a_sound_model_answers_alike_in_every_runtime(network, config, golden, tested, fake_mlflow):
    server = fake_mlflow("fails")
    path = list(sys.path)
    report = measure_parity(Classifier(network, config), golden, tested)
    stages = [*STAGES, *(["onnx"] if onnx_export.can_export() else [])]
    assert [stage["stage"] for stage in report["stages"]] == stages
    assert list_failures(report) == {}
    assert report["images"] == 6
    assert max(stage["largest_difference"] for stage in report["stages"]) <= TOLERANCE
    assert {stage["different_labels"] for stage in report["stages"]} == {0}
    require_parity(report)
    assert (server.requests, sys.path) == (0, path)


def test_another_resize_than_the_arrays_were_made_with_is_caught(measure, config):
    report = measure(config=config._replace(rendering=Rendering("pad")))
    failures = list_failures(report)
    assert list(failures) == ["decoding", "package"]
    assert failures["decoding"]["largest_difference"] > 0
    with pytest.raises(ParityError, match=r"stage decoding, .*ingest\.resize") as caught:
        require_parity(report)
    for part in ("picture", "expected", "found"):
        assert failures["decoding"][part] in str(caught.value)
    assert " It differs too at package. " in str(caught.value)
    assert caught.value.dataset == "parity_report"


def test_another_interpolation_in_serving_alone_is_caught(measure, monkeypatch):
    def decode_nearest(data, shape, rendering):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return np.asarray(image.resize(shape[1::-1], Image.Resampling.NEAREST))

    monkeypatch.setattr(classifier, "decode_image", decode_nearest)
    report = measure()
    decoding, package = list_failures(report).values()
    assert (decoding["stage"], decoding["tolerance"]) == ("decoding", 0)
    assert (package["stage"], package["tolerance"]) == ("package", TOLERANCE)
    assert package["largest_difference"] > 100 * TOLERANCE
    with pytest.raises(ParityError, match=r"stage decoding, .* differs too at package"):
        require_parity(report)


def test_a_file_with_other_weights_is_caught(measure, config, tmp_path, monkeypatch):
    tampered = build_model(read_layers(["flatten"]), config.image_shape, 3, seed=0)
    kernel, bias = tampered.get_weights()
    kernel[5, 1] += 0.01
    tampered.set_weights([kernel, bias])
    tampered.save(tmp_path / "tampered.keras")
    monkeypatch.setattr(
        content, "save_model", lambda model, path: shutil.copy(tmp_path / "tampered.keras", path)
    )
    report = measure()
    assert list(list_failures(report)) == ["saved_file", "package"]
    with pytest.raises(ParityError, match="At the stage saved_file"):
        require_parity(report)


def test_another_order_of_the_classes_is_caught_wherever_it_arises(measure, config, monkeypatch):
    turned = config._replace(class_names=config.class_names[::-1])
    assert list(list_failures(measure(config=turned))) == ["test_predictions"]

    write = ServingConfig.as_dictionary
    monkeypatch.setattr(ServingConfig, "as_dictionary", lambda self: write(turned))
    report = measure()
    assert list(list_failures(report)) == ["package"]
    with pytest.raises(ParityError, match=r"stage package, .*serving\.json"):
        require_parity(report)


def test_a_test_of_another_network_or_other_classes_is_caught(measure, config, golden, tested):
    other = build_model(read_layers(["flatten"]), config.image_shape, 3, seed=1)
    of_other = make_tested(other, config, np.repeat(golden.pixels, 2, axis=0))
    assert list(list_failures(measure(tested=of_other))) == ["test_predictions"]
    of_fewer = tested.drop(columns="probability_onion")
    (failure,) = list_failures(measure(tested=of_fewer)).values()
    assert failure["largest_difference"] == 1.0
    assert failure["found"] == "no probability for every class"


def test_a_picture_that_cannot_be_served_is_named_with_the_reason(measure, golden):
    encoded = [*golden.encoded[:-1], golden.encoded[-1][:60]]
    failures = list_failures(measure(golden=golden._replace(encoded=encoded)))
    assert list(failures) == ["decoding", "package"]
    for failure in failures.values():
        assert failure["picture"] == golden.paths[-1]
        assert failure["found"].startswith("undecodable: ")
    assert [failure["largest_difference"] for failure in failures.values()] == [255, 1.0]


def test_an_onnx_file_that_answers_otherwise_is_caught(measure, monkeypatch):
    monkeypatch.setattr(parity, "can_export", lambda: True)
    monkeypatch.setattr(parity, "export_onnx", lambda model, path: None)
    monkeypatch.setattr(parity, "predict_onnx", lambda path, images: np.eye(3)[[0] * 6])
    report = measure()
    assert list(list_failures(report)) == ["onnx"]
    with pytest.raises(ParityError, match=r"gives leek \(1.000000\) instead of .*extra 'onnx'"):
        require_parity(report)


def test_a_graphics_processor_is_given_more_room(measure, monkeypatch):
    monkeypatch.setattr(parity, "list_gpus", lambda: [{"device_name": "any"}])
    decoding, *others = measure()["stages"]
    assert decoding["tolerance"] == 0
    assert {stage["tolerance"] for stage in others} == {GPU_TOLERANCE}
    assert GPU_TOLERANCE > TOLERANCE
