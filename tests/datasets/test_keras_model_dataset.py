import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError

from onion_pipeline.datasets import KerasModelDataset
from onion_pipeline.storage.seals import locate_seal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "06_models" / "model.keras"


@pytest.fixture
def dataset(path: Path) -> KerasModelDataset:
    return KerasModelDataset(filepath=str(path))


@pytest.fixture
def model(keras):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


class HalfModel:
    """A model whose writing fails after its first bytes."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"PK")
        raise OSError("disk full")


def assert_same_weights(one, other) -> None:
    assert one.count_params() == other.count_params()
    for found, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_model_comes_back_with_its_weights(dataset, model):
    dataset.save(model)
    assert_same_weights(dataset.load(), model)


def test_a_model_comes_back_without_its_optimiser(dataset, model):
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 2)), verbose=0)
    dataset.save(model)
    loaded = dataset.load()
    assert not loaded.compiled
    assert_same_weights(loaded, model)


def test_a_save_leaves_one_file_and_its_seal(dataset, model, path):
    dataset.save(model)
    assert sorted(path.parent.iterdir()) == [path, locate_seal(path)]


def test_a_failed_save_keeps_the_earlier_model(dataset, model, path):
    dataset.save(model)
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(HalfModel())
    assert_same_weights(dataset.load(), model)
    assert sorted(path.parent.iterdir()) == [path, locate_seal(path)]


def test_a_first_save_that_fails_leaves_nothing(dataset, path):
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(HalfModel())
    assert not dataset.exists()
    assert not list(path.parent.iterdir())


def test_a_flipped_bit_in_the_weights_is_noticed(dataset, model, path):
    dataset.save(model)
    data = bytearray(path.read_bytes())
    data[data.index(model.get_weights()[0].tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"model\.keras is not what was written"):
        dataset.load()


def test_code_in_a_file_is_refused(dataset, keras):
    lambda_layer = keras.layers.Lambda(lambda x: x + 1)
    dataset.save(keras.Sequential([keras.Input((4,)), lambda_layer]))
    with pytest.raises(DatasetError, match=r"[Ll]ambda"):
        dataset.load()


@pytest.mark.parametrize("name", ["model.h5", "model.weights.h5", "model", "model.KERAS"])
def test_other_formats_are_refused(name):
    with pytest.raises(DatasetError, match=rf"{name} must end in \.keras"):
        KerasModelDataset(filepath=name)


def test_a_missing_model_does_not_exist_and_cannot_be_loaded(dataset, keras):
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"model\.keras"):
        dataset.load()


def test_a_saved_model_exists(dataset, model):
    dataset.save(model)
    assert dataset.exists()


def test_the_catalog_entry_itself_does_not_import_tensorflow():
    code = (
        "import sys; from onion_pipeline.datasets import KerasModelDataset; "
        "KerasModelDataset(filepath='a.keras').exists(); sys.exit('tensorflow' in sys.modules)"
    )
    source = Path(__file__).parents[2] / "src"
    assert subprocess.run([sys.executable, "-c", code], cwd=source, check=False).returncode == 0


def test_its_text_names_the_file_and_its_metadata_is_kept():
    dataset = KerasModelDataset(filepath="some/model.keras", metadata={"a": 1})
    assert "model.keras" in str(dataset)
    assert dataset.metadata == {"a": 1}
