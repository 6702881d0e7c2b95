import shutil
from pathlib import Path

import pytest
from kedro.io import DatasetError

from onion_pipeline.datasets import ImageSourceDataset
from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import open_source


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_a_zip_is_opened(photo_folder, packed):
    path = shutil.make_archive(str(photo_folder), "zip", photo_folder) if packed else photo_folder
    source = ImageSourceDataset(filepath=str(path)).load()
    expected = open_source(photo_folder)
    assert source.paths == expected.paths
    assert source.read("red/3.jpg") == expected.read("red/3.jpg")


def test_the_files_are_listed_anew_once_one_has_changed(photo_folder):
    dataset = ImageSourceDataset(filepath=str(photo_folder))
    before = dataset.load()
    assert dataset.load() is before
    (photo_folder / "red" / "3.jpg").unlink()
    assert dataset.load().paths == open_source(photo_folder).paths != before.paths


def test_a_missing_place_is_told_in_the_words_of_the_source(tmp_path):
    with pytest.raises(DatasetError, match="no such file or folder") as caught:
        ImageSourceDataset(filepath=str(tmp_path / "photos")).load()
    assert isinstance(caught.value.__cause__, DataError)


def test_saving_is_refused(photo_folder):
    dataset = ImageSourceDataset(filepath=str(photo_folder))
    with pytest.raises(DatasetError, match="read-only"):
        dataset.save(dataset.load())


def test_existence_is_that_of_the_place(photo_folder):
    assert ImageSourceDataset(filepath=str(photo_folder)).exists()
    assert not ImageSourceDataset(filepath=str(photo_folder / "no")).exists()


def test_a_uri_is_opened_as_it_stands(photo_folder):
    dataset = ImageSourceDataset(filepath=f"file://{photo_folder}")
    assert dataset.exists()
    assert dataset.load().paths == open_source(photo_folder).paths
    assert not ImageSourceDataset(filepath="memory://nowhere/photos").exists()


def test_its_text_shows_no_credentials():
    dataset = ImageSourceDataset(filepath="https://me:secret@host/photos.zip?token=secret")
    assert dataset._describe() == {"filepath": "https://host/photos.zip?..."}
    assert "secret" not in str(dataset)
    assert "secret" not in repr(dataset)


def test_its_text_names_the_place_and_its_metadata_is_kept():
    dataset = ImageSourceDataset(filepath="some/photos", metadata={"a": 1})
    assert Path("some/photos").name in str(dataset)
    assert dataset.metadata == {"a": 1}
