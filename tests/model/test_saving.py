import zipfile

import numpy as np
import pytest

from onion_pipeline.model import saving


@pytest.fixture
def model(keras):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(3)])


def test_the_same_model_gives_the_same_bytes_at_any_time(model, tmp_path, monkeypatch):
    for name, year in (("first", 2001), ("second", 2031)):
        monkeypatch.setattr("time.localtime", lambda *_, year=year: (year, 5, 4, 3, 2, 1, 0, 1, 0))
        saving.save_model(model, tmp_path / f"{name}.keras")
    first, second = (tmp_path / f"{name}.keras" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.keras", "second.keras"]


def test_keras_loads_the_file(model, keras, tmp_path):
    saving.save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = np.random.default_rng(0).random((4, 6, 6, 1), np.float32)
    np.testing.assert_array_equal(
        loaded.predict(images, verbose=0), model.predict(images, verbose=0)
    )
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        assert b"keras_version" in file.read("metadata.json")


def test_other_weights_give_other_bytes(model, tmp_path):
    saving.save_model(model, tmp_path / "a.keras")
    model.set_weights([weights + 1 for weights in model.get_weights()])
    saving.save_model(model, tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() != (tmp_path / "b.keras").read_bytes()


def test_a_failure_leaves_no_file(model, tmp_path, monkeypatch):
    monkeypatch.setattr(model, "save", lambda path: path.write_bytes(b"no zip"))
    with pytest.raises(zipfile.BadZipFile):
        saving.save_model(model, tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())
