import json
import zipfile

import numpy as np
import pytest

from onion_pipeline.model import saving
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.model.saving import save_model


@pytest.fixture
def make_model(keras):
    """A function that makes the same model each time, at other places in memory."""
    made = []

    def make():
        layers = read_layers(["flatten", {"dense": {"units": 3}}])
        made.append(build_model(layers, (4, 4, 1), 2, seed=0))
        return made[-1]

    return make


def test_the_same_model_gives_the_same_bytes_at_any_time_and_place_in_memory(make_model, tmp_path):
    for name in ("1.keras", "2.keras"):
        save_model(make_model(), tmp_path / name)
    assert (tmp_path / "1.keras").read_bytes() == (tmp_path / "2.keras").read_bytes()
    make_model().save(tmp_path / "raw.keras")
    with zipfile.ZipFile(tmp_path / "raw.keras") as archive:
        assert saving.SHARED.search(archive.read("config.json").decode()), "nothing to number"


def test_a_model_comes_back_with_its_weights_and_layers(make_model, keras, tmp_path):
    model = make_model()
    save_model(model, tmp_path / "a.keras")
    loaded = keras.models.load_model(tmp_path / "a.keras", compile=False, safe_mode=True)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    for found, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_nothing_in_the_file_tells_the_time(make_model, tmp_path):
    save_model(make_model(), tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert "date_saved" not in json.loads(archive.read("metadata.json"))
        assert json.loads(archive.read("metadata.json"))["keras_version"]
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


class Shared:
    """A model in whose file one object stands twice."""

    config = '{"shared_object_id": 71, "a": {"shared_object_id": 9}, "b": {"shared_object_id": 71}}'

    def save(self, path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", self.config)
            archive.writestr("metadata.json", '{"date_saved": "today"}')


def test_what_is_shared_stays_shared(tmp_path):
    save_model(Shared(), tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        numbered = json.loads(archive.read("config.json"))
    assert numbered["shared_object_id"] == numbered["b"]["shared_object_id"]
    assert numbered["shared_object_id"] != numbered["a"]["shared_object_id"] < 9
