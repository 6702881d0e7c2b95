import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.errors import ConfigurationError, DataError
from onion_pipeline.images.labels import Labelled, label_paths
from onion_pipeline.images.split_names import SPLIT_FOLDERS

# Few names, so that trees share their folders, and some of these are splits or wrappers.
NAMES = st.sampled_from(["cats", "dogs", "train", "Test", "val", "a b", "é"])
PATHS = st.lists(NAMES, max_size=4).map(lambda folders: "/".join([*folders, "1.jpg"]))
TREES = st.lists(PATHS, min_size=1, max_size=12)
LEVELS = st.sampled_from([None, 1, 2, 3, -1, -2, -3])


def label(*paths: str, level: int | None = None) -> list[tuple[str | None, str | None]]:
    return [tuple(labelled) for labelled in label_paths(paths, level)]


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


def test_a_training_folder_alone_is_a_wrapper():
    assert label("train/cats/1.jpg", "train/dogs/1.jpg") == [("cats", None), ("dogs", None)]


PLACES = [
    "photos/train/cats/persian/1.jpg",
    "photos/train/cats/persian/indoor/2.jpg",
    "photos/test/dogs/3.jpg",
    "photos/test/4.jpg",
    "photos/5.jpg",
]


@pytest.mark.parametrize(
    ("level", "labels"),
    [
        (None, ["cats", "cats", "dogs", None, None]),
        (1, ["cats", "cats", "dogs", None, None]),
        (2, ["persian", "persian", None, None, None]),
        (3, [None, "indoor", None, None, None]),
        (-1, ["persian", "indoor", "dogs", None, None]),
        (-2, ["cats", "persian", None, None, None]),
        (-4, [None] * 5),
    ],
)
def test_the_level_says_which_folder_below_wrappers_and_splits_is_the_label(level, labels):
    splits = ["train", "train", "test", "test", None]
    assert label(*PLACES, level=level) == list(zip(labels, splits, strict=True))


def test_level_0_is_an_error():
    with pytest.raises(ConfigurationError, match="level 0 names no folder: 1 is the outermost"):
        label_paths(PLACES, 0)


def test_splits_may_hold_files_themselves_where_labels_come_from_elsewhere():
    paths = ["data/train/1.jpg", "data/val/sub/1.jpg", "data/readme.txt"]
    splits = [labelled.split for labelled in label_paths(paths, strict=False)]
    assert splits == ["train", "validation", None]
    paths = ["train/1.jpg", "test/1.jpg"]
    assert label_paths(paths, strict=False) == [Labelled(None, "train"), Labelled(None, "test")]


def label_or_refuse(paths: list[str], level: int | None) -> list[Labelled] | str:
    try:
        return label_paths(paths, level)
    except DataError as error:
        return type(error).__name__


@given(TREES, LEVELS, st.randoms())
def test_the_order_of_paths_does_not_matter(paths, level, random):
    expected = label_or_refuse(paths, level)
    shuffled = random.sample(range(len(paths)), len(paths))
    found = label_or_refuse([paths[row] for row in shuffled], level)
    assert found == (expected if isinstance(expected, str) else [expected[row] for row in shuffled])


@given(TREES.filter(lambda paths: any("/" in path for path in paths)), LEVELS, NAMES)
def test_one_more_wrapper_changes_nothing(paths, level, wrapper):
    wrapped = [f"{wrapper}/{path}" for path in paths]
    assert label_or_refuse(wrapped, level) == label_or_refuse(paths, level)
    assert label_paths(wrapped, level, strict=False) == label_paths(paths, level, strict=False)


@given(TREES, LEVELS)
def test_labels_are_folders_of_their_path_and_splits_are_known(paths, level):
    for path, (name, split) in zip(paths, label_paths(paths, level, strict=False), strict=True):
        folders = path.split("/")[:-1]
        assert name is None or name in folders
        assert split is None or split in {SPLIT_FOLDERS.get(part.lower()) for part in folders}


@given(TREES)
def test_the_first_level_is_what_is_meant_without_one(paths):
    assert label_or_refuse(paths, 1) == label_or_refuse(paths, None)


@given(TREES, LEVELS)
def test_what_is_clear_is_the_same_if_it_need_not_be(paths, level):
    found = label_or_refuse(paths, level)
    assert isinstance(found, str) or found == label_paths(paths, level, strict=False)


def test_labels_are_in_nfc_whatever_the_folders_are_in():
    paths = ["A\u0308pfel/1.jpg", "\u00c4pfel/2.jpg"]
    assert {labelled.label for labelled in label_paths(paths)} == {"\u00c4pfel"}


def test_the_innermost_folders_are_no_classes_if_they_are_splits():
    paths = [f"{name}/{split}/1.jpg" for name in ("cats", "dogs") for split in ("train", "test")]
    with pytest.raises(DataError, match=r"would be test, train, .*label_level=1"):
        label_paths(paths, -1)
    assert {labelled.label for labelled in label_paths(paths)} == {"cats", "dogs"}
