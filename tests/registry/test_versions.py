import io
import json
import shutil
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.errors import DataError, RegistryError
from onion_pipeline.images.decoding import Rendering, decode_image
from onion_pipeline.images.sources import open_source
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry import tracking
from onion_pipeline.registry.batch import CHUNK, classify_images
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.tracking import import_client
from onion_pipeline.registry.versions import (
    list_requirements,
    load_classifier,
    make_input_example,
    register_model,
)

NAME, SHAPE = "onions", (8, 10, 3)
CARD = ModelCard(["leek", "onion", "shallot"], SHAPE, Rendering("crop"))
URI = f"models:/{NAME}@champion"


@pytest.fixture(scope="module")
def model(keras):
    layers = read_layers(["flatten", {"dense": {"units": 8, "activation": "relu"}}])
    return build_model(layers, SHAPE, len(CARD.class_names), seed=0)


@pytest.fixture(scope="module")
def registered(model, empty_store, tmp_path_factory):
    """A store to which `model` was registered twice in one run, and what was said each time."""
    folder = tmp_path_factory.mktemp("registry")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(tracking.TRACKING_URI, f"sqlite:///{folder / 'mlflow.db'}")
        patch.setenv(tracking.RUN_ID, tracking.start_run(NAME, "run", folder / "kept", {}, {}))
        yield folder, [register_model(model, CARD, NAME, alias) for alias in ("auto", "auto")]


@pytest.fixture(scope="module")
def classifier(registered):
    return load_classifier(URI)[0]


def encode(pixels, kind="PNG"):
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, format=kind)
    return encoded.getvalue()


@pytest.fixture(scope="module")
def pictures():
    """Three encoded pictures of other sizes than the model takes."""
    generator = np.random.default_rng(0)
    sizes = [(20, 13, 3), (8, 10, 3), (31, 16)]
    return [encode(generator.integers(0, 256, size, dtype=np.uint8)) for size in sizes]


def get_probabilities(table):
    return table[[f"probability_{name}" for name in CARD.class_names]].to_numpy()


def test_requirements_pin_one_tensorflow_and_what_decodes():
    pins = dict(entry.split("==") for entry in list_requirements())
    assert len({"tensorflow", "tensorflow-cpu"} & set(pins)) == 1
    assert {"keras", "mlflow", "numpy", "pandas", "pillow"} <= set(pins)
    assert pins == {name: version(name) for name in pins}


def test_the_input_example_is_a_picture_that_the_card_describes():
    (example,) = make_input_example(CARD)["image"]
    assert decode_image(example, SHAPE, Rendering("crop")).shape == SHAPE
    gray = ModelCard(["a", "b"], (5, 4, 1), Rendering())
    with Image.open(io.BytesIO(make_input_example(gray)["image"][0])) as image:
        assert (image.mode, image.size) == ("L", (4, 5))


def test_the_first_version_is_the_champion_and_the_second_challenges_it(registered):
    _, versions = registered
    assert [(each.version, each.alias) for each in versions] == [
        ("1", "champion"),
        ("2", "challenger"),
    ]
    assert versions[0].uri == f"models:/{NAME}/1"
    aliases = import_client().get_registered_model(NAME).aliases
    assert {name: str(number) for name, number in aliases.items()} == {
        "champion": "1",
        "challenger": "2",
    }


def test_a_version_belongs_to_the_run_under_way(registered):
    client = import_client()
    (experiment,) = [e for e in client.search_experiments() if e.name == NAME]
    (run,) = client.search_runs([experiment.experiment_id])
    assert {each.run_id for each in registered[1]} == {run.info.run_id}
    assert client.get_model_version(NAME, "1").run_id == run.info.run_id


def test_an_alias_that_is_asked_for_is_given(registered, model, tmp_path, monkeypatch):
    shutil.copytree(registered[0], tmp_path / "copy")
    monkeypatch.setenv(tracking.TRACKING_URI, f"sqlite:///{tmp_path / 'copy' / 'mlflow.db'}")
    third = register_model(model, CARD, NAME, "champion")
    assert (third.version, third.alias) == ("3", "champion")
    assert str(import_client().get_model_version_by_alias(NAME, "champion").version) == "3"


def test_a_version_has_signature_input_example_and_requirements(classifier):
    signature = classifier.metadata.signature
    assert [(column.name, column.type.name) for column in signature.inputs] == [("image", "binary")]
    assert signature.outputs.input_names() == [
        "label",
        "confidence",
        "probability_leek",
        "probability_onion",
        "probability_shallot",
        "error",
    ]
    (example,) = classifier.input_example["image"]
    assert decode_image(example, SHAPE, Rendering("crop")).shape == SHAPE


def test_a_version_carries_class_names_preprocessing_and_code(registered):
    (first, *_) = sorted((registered[0] / "kept").rglob("card.json"))
    assert json.loads(first.read_text()) == {
        "class_names": CARD.class_names,
        "image_shape": list(SHAPE),
        "rendering": {"resize": "crop", "background": "white", "animation": "refuse"},
    }
    root = first.parents[1]
    assert (root / "code" / "onion_pipeline" / "images" / "decoding.py").is_file()
    assert (root / "requirements.txt").read_text().split() == list_requirements()


def test_the_champion_gives_the_probabilities_of_the_network(classifier, model, pictures):
    answers = classifier.predict(pd.DataFrame({"image": pictures}))
    decoded = np.stack([decode_image(data, SHAPE, Rendering("crop")) for data in pictures])
    expected = model.predict_on_batch(decoded)
    np.testing.assert_array_equal(get_probabilities(answers).astype(np.float32), expected)
    assert list(answers["label"]) == [CARD.class_names[i] for i in expected.argmax(axis=1)]
    np.testing.assert_array_equal(answers["confidence"].astype(np.float32), expected.max(axis=1))
    assert set(answers["error"]) == {""}


def test_a_broken_picture_costs_only_its_own_row(classifier, pictures):
    whole = classifier.predict(pd.DataFrame({"image": pictures}))
    with_broken = [pictures[0], b"not a picture", *pictures[1:]]
    answers = classifier.predict(pd.DataFrame({"image": with_broken}))
    broken = answers.iloc[1]
    assert broken["error"] != ""
    assert broken.drop("error").isna().all()
    others = answers.drop(index=1).reset_index(drop=True)
    np.testing.assert_allclose(get_probabilities(others), get_probabilities(whole), rtol=1e-6)
    assert set(others["error"]) == {""}


def test_a_table_of_broken_pictures_is_answered_too(classifier):
    answers = classifier.predict(pd.DataFrame({"image": [b"one", b"two"]}))
    assert answers["label"].isna().all()
    assert (answers["error"] != "").all()


def test_an_unknown_model_is_named_with_the_way_out(registered):
    for uri in ("models:/nothing@champion", f"models:/{NAME}@nobody", f"models:/{NAME}/99"):
        with pytest.raises(RegistryError, match="kedro run") as caught:
            load_classifier(uri)
        assert uri in str(caught.value)


def test_a_version_can_be_asked_for_by_number(registered):
    assert load_classifier(f"models:/{NAME}/2")[1] == "2"
    assert str(load_classifier(URI)[1]) == "1"


@pytest.fixture
def new_images(tmp_path, pictures):
    """More pictures than go through the network at a time, and two that cannot be used."""
    folder = tmp_path / "new"
    folder.mkdir()
    for number in range(CHUNK + 4):
        (folder / f"{number:03}.png").write_bytes(pictures[number % len(pictures)])
    (folder / "100.png").write_bytes(b"not a picture")
    return folder


def test_a_folder_is_classified_but_for_what_is_broken_or_unreadable(registered, new_images):
    source = open_source(new_images)
    (new_images / "200.png").unlink()  # after it was listed
    predictions, unreadable = classify_images(source, URI)
    assert list(unreadable.columns) == ["path", "reason", "detail"]
    assert list(unreadable["path"]) == ["100.png", "200.png"]
    assert unreadable["reason"].iloc[1] == "unreadable"
    assert unreadable["detail"].notna().all()
    assert list(predictions["path"]) == sorted(set(source.paths) - {"100.png", "200.png"})
    assert set(predictions["model_version"].astype(str)) == {"1"}
    assert [name for name in predictions if predictions[name].isna().any()] == []
    assert set(predictions["label"]) <= set(CARD.class_names)
    assert "error" not in predictions


def test_a_folder_without_broken_files_lists_none(registered, new_images):
    for name in ("100.png", "200.png"):
        (new_images / name).unlink()
    predictions, unreadable = classify_images(open_source(new_images), URI)
    assert len(predictions) == CHUNK + 2
    assert list(unreadable.columns) == ["path", "reason", "detail"]
    assert unreadable.empty


def test_a_folder_of_broken_files_is_an_error(registered, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match="None of the 2 files"):
        classify_images(open_source(tmp_path), URI)
