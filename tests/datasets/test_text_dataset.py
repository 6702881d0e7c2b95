import os

import pytest
from kedro.io import DatasetError

from onion_pipeline.datasets.text_dataset import TextDataset
from onion_pipeline.errors import DamagedFileError
from onion_pipeline.storage import files

TEXT = "# 28\u00a0\u00d7\u00a028\n\nA \U0001f9c5.\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "08_reporting" / "card.md"


@pytest.fixture
def dataset(path):
    return TextDataset(filepath=path.as_posix(), metadata={"mlflow": {"folder": "figures"}})


def test_a_text_comes_back_and_is_the_same_bytes_everywhere(dataset, path):
    dataset.save(TEXT)
    assert dataset.load() == TEXT
    assert path.read_bytes() == TEXT.encode()
    assert dataset.find_state() == files.check_seal(path).checksum


def test_a_failed_save_keeps_the_earlier_text(dataset):
    dataset.save(TEXT)
    with pytest.raises(DatasetError):
        dataset.save(object())
    assert dataset.load() == TEXT


def test_a_text_with_a_flipped_bit_is_refused(dataset, path):
    dataset.save(TEXT)
    path.write_bytes(path.read_bytes().replace(b"A", b"C"))
    os.utime(path, ns=(0, 0))  # the clock of a disk may be too coarse to tell
    assert not dataset.exists()
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, DamagedFileError)
