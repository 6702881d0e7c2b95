import json

import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import open_source
from onion_pipeline.serving.batch import CHUNK, classify_images
from onion_pipeline.serving.classifier import Classifier


@pytest.fixture
def classifier(network, config):
    return Classifier(network, config, "1")


@pytest.fixture
def new_images(tmp_path, encode_picture):
    """More pictures than go through the network at a time, and one that cannot be used."""
    folder = tmp_path / "new"
    folder.mkdir()
    pictures = [encode_picture(seed) for seed in range(3)]
    for number in range(CHUNK + 4):
        (folder / f"{number:03}.png").write_bytes(pictures[number % len(pictures)])
    (folder / "100.png").write_bytes(b"not a picture")
    return folder


def test_a_folder_is_classified_but_for_what_is_broken_or_unreadable(
    classifier, config, new_images
):
    source = open_source(new_images)
    (new_images / "200.png").unlink()  # after it was listed
    predictions, unreadable = classify_images(source, classifier)
    assert list(unreadable.columns) == ["path", "reason", "detail"]
    assert list(unreadable["path"]) == ["100.png", "200.png"]
    assert list(unreadable["reason"]) == ["unsupported_format", "unreadable"]
    assert unreadable["detail"].notna().all()
    assert list(predictions["path"]) == sorted(set(source.paths) - {"100.png", "200.png"})
    assert set(predictions["model_version"]) == {"1"}
    assert [name for name in predictions if predictions[name].isna().any()] == []
    assert set(predictions["label"]) <= set(config.class_names)
    assert "error" not in predictions
    assert predictions["abstained"].equals(predictions["confidence"] < 0.4)
    for label, text in zip(predictions["label"], predictions["prediction_set"], strict=True):
        assert json.loads(text)[0] == label


def test_the_answers_are_those_for_one_picture_at_a_time(classifier, new_images):
    predictions, _ = classify_images(open_source(new_images), classifier)
    answers = classifier.classify([(new_images / path).read_bytes() for path in ("000.png",)])
    first = predictions.iloc[0]
    assert first["label"] == answers["label"][0]
    assert first["confidence"] == pytest.approx(answers["confidence"][0], rel=1e-6)


def test_a_folder_without_broken_files_lists_none(classifier, new_images):
    (new_images / "100.png").unlink()
    predictions, unreadable = classify_images(open_source(new_images), classifier)
    assert len(predictions) == CHUNK + 3
    assert list(unreadable.columns) == ["path", "reason", "detail"]
    assert unreadable.empty


def test_a_folder_of_broken_files_is_an_error(classifier, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match="None of the 2 files"):
        classify_images(open_source(tmp_path), classifier)
