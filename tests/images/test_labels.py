import pytest

from onion_pipeline.images.labels import SPLIT_FOLDERS, label_paths


def label(*paths: str) -> list[tuple[str | None, str | None]]:
    return [tuple(labelled) for labelled in label_paths(paths)]


@pytest.mark.parametrize("wrapper", ["", "photos/", "archive/photos/"])
def test_the_folder_is_the_label(wrapper):
    found = label(f"{wrapper}cats/1.jpg", f"{wrapper}dogs/1.jpg")
    assert found == [("cats", None), ("dogs", None)]


@pytest.mark.parametrize("wrapper", ["", "photos/", "archive/photos/"])
def test_split_folders_give_the_split(wrapper):
    paths = [f"{wrapper}{folder}/cats/1.jpg" for folder in ("train", "val", "test")]
    assert label(*paths) == [("cats", "train"), ("cats", "validation"), ("cats", "test")]


@pytest.mark.parametrize(("folder", "split"), SPLIT_FOLDERS.items())
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_every_spelling_of_a_split_is_understood(folder, split, spell):
    found = label("train/cats/1.jpg", "testing/cats/1.jpg", f"{spell(folder)}/dogs/1.jpg")
    assert found[2] == ("dogs", split)


def test_deeper_folders_do_not_change_the_label():
    assert label("cats/indoor/1.jpg", "dogs/1.jpg") == [("cats", None), ("dogs", None)]


def test_a_file_beside_the_class_folders_has_no_label():
    assert label("1.jpg", "cats/1.jpg", "dogs/1.jpg")[0] == (None, None)


def test_a_file_beside_the_class_folders_of_a_wrapper_has_no_label():
    paths = ["photos/readme.txt", "photos/cats/1.jpg", "photos/dogs/1.jpg"]
    assert label(*paths) == [(None, None), ("cats", None), ("dogs", None)]


def test_files_without_folders_have_no_label():
    assert label("1.jpg", "2.jpg") == [(None, None), (None, None)]


def test_no_paths_have_no_labels():
    assert label() == []


def test_a_file_in_a_split_folder_itself_has_a_split_and_no_label():
    assert label("train/cats/1.jpg", "test/1.jpg") == [("cats", "train"), (None, "test")]


def test_a_file_beside_split_folders_has_neither():
    assert label("readme.txt", "train/cats/1.jpg", "test/cats/1.jpg")[0] == (None, None)


def test_classes_may_be_named_as_splits_where_nothing_lies_below():
    assert label("train/1.jpg", "test/1.jpg") == [("train", None), ("test", None)]


def test_a_class_beside_the_split_names_makes_them_classes():
    paths = ["train/a/1.jpg", "test/a/1.jpg", "plane/a/1.jpg"]
    assert label(*paths) == [("train", None), ("test", None), ("plane", None)]


def test_without_a_training_folder_there_are_no_splits():
    paths = ["val/cats/1.jpg", "test/cats/1.jpg"]
    assert label(*paths) == [("val", None), ("test", None)]


def test_a_training_folder_alone_is_a_wrapper():
    assert label("train/cats/1.jpg", "train/dogs/1.jpg") == [("cats", None), ("dogs", None)]
