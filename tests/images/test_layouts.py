import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.labels import label_paths

BOTH = ("cats", "dogs")


def spread(folder: str, *names: str) -> list[str]:
    """Return paths of two pictures in each of the folders `names` in `folder`."""
    return [f"{folder}/{name}/{i}.jpg".lstrip("/") for name in names or BOTH for i in (1, 2)]


def list_flat(*folders: str) -> list[str]:
    return [f"{folder}/{number}.jpg" for folder in folders for number in (1, 2)]


# What people and public data sets have: where the splits are clear, and what the classes are.
SPLITS = {
    "boxes beside": [*spread("train"), *spread("test"), "annotations/boxes.json"],
    "tables beside": [*spread("train"), *spread("val"), "labels/a/1.txt", "docs/x.pdf", "a.csv"],
    "notes beside the wrapper": [*spread("d/train"), *spread("d/test"), "about/read.me", "x.txt"],
    "licences beside": [*spread("train"), *spread("test"), "docs/README", "docs/LICENSE"],
    "abbreviations": [*spread("train"), *spread("dev"), *spread("eval")],
    "capitals": [*spread("TRAIN"), *spread("Valid"), *spread("TEST")],
    "fruits-360": [*spread("fruits/Training"), *spread("fruits/Test")],
    "words": [*spread("Training Set"), *spread("Test Set")],
    "cassava": [*spread("train_images"), *spread("test_images")],
    "the other way": [*spread("images_train"), *spread("images-test")],
    "camels": [*spread("TrainSet"), *spread("TestSet")],
    "in one word": [*spread("trainset"), *spread("testdata")],
    "years": [*spread("train2017"), *spread("val2017")],
    "numbers": [*spread("1_train"), *spread("2_val"), *spread("3_test")],
    "voc": [*spread("trainval"), *spread("test")],
    "intel": [*spread("seg_train/seg_train"), *spread("seg_test/seg_test")],
    "asl": [*spread("a/asl_alphabet_train/asl_alphabet_train"), *spread("a/asl_alphabet_test")],
    "gtsrb": [*spread("GTSRB/Final_Training/Images"), *spread("GTSRB/Final_Test/Images")],
    "imagenet": [*spread("ILSVRC2012_img_train"), *spread("ILSVRC2012_img_val")],
    "two for training": [*spread("train_1"), *spread("train_2"), *spread("holdout")],
    "deeper": [*spread("train/cats", "a"), *spread("train/dogs", "b"), *spread("test")],
    "one class in a split": [*spread("train"), *spread("test/cats", "indoors")],
}


@pytest.mark.parametrize("layout", SPLITS)
def test_folders_of_splits_are_splits(layout):
    paths = SPLITS[layout]
    labelled = zip(paths, label_paths(paths), strict=True)
    pictures = [found for path, found in labelled if path.endswith(".jpg")]
    assert {found.label for found in pictures} == set(BOTH)
    assert len({found.split for found in pictures} - {None}) > 1
    assert "train" in {found.split for found in pictures}
    assert all(found.split for found in pictures)


CLASSES = {
    "vehicles": (list_flat("bus", "car", "train"), "bus car train"),
    "tickets": (list_flat("valid", "invalid"), "invalid valid"),
    "in a wrapper": (list_flat("voc/Train", "voc/bus"), "Train bus"),
    "things": (list_flat("test_tube", "train_station"), "test_tube train_station"),
    "corona": (list_flat("positive_test", "negative_test"), "negative_test positive_test"),
    "numbered": (list_flat("test1", "test2", "control"), "control test1 test2"),
    "only one split": (spread("train"), "cats dogs"),
    "only the test": (spread("photos/test"), "cats dogs"),
    "notes named as a split": ([*spread(""), "train/readme.txt"], "cats dogs train"),
    "splits below": ([*spread("cats", "train", "test"), *spread("dogs", "train")], "cats dogs"),
    "splits below, with folders": (
        [f"{kind}/{path}" for kind in "ab" for path in [*spread("train"), *spread("test")]],
        "a b",
    ),
    "the same folders in each": ([*spread("a", "x", "y"), *spread("b", "x", "y")], "a b"),
    "a class in a class": ([*list_flat("cats", "dogs"), "both/cats/7.jpg"], "both cats dogs"),
    "no picture by its name": (["cats/a", "dogs/b"], "cats dogs"),
    "some without a suffix": (["cats/in/1.jpg", "cats/out/2.jpg", "dogs/in/0f3a"], "cats dogs"),
    "wrapped in itself": (spread("photos/photos"), "cats dogs"),
}


@pytest.mark.parametrize("layout", CLASSES)
def test_other_folders_are_classes(layout):
    paths, classes = CLASSES[layout]
    found = label_paths(paths)
    assert {labelled.label for labelled in found} == set(classes.split())
    assert {labelled.split for labelled in found} == {None}


PROBLEMS = {
    "a class beside": ([*spread("train"), *spread("test"), *list_flat("ship")], "test, train"),
    "a folder of masks": ([*spread("train"), *spread("val"), *list_flat("masks")], "beside masks"),
    "unlabelled ones": ([*spread("s_train"), *spread("s_test"), *list_flat("s_pred")], "s_pred"),
    "train in folders": ([*spread("train"), *list_flat("plane")], "splits, train, beside plane"),
    "test alone": (list_flat("test", "cats", "dogs"), "test, beside cats, dogs, which are not"),
    "validation alone": ([*spread("validation"), *spread("", "cats")], "validation, beside cats"),
    "two kinds": (
        [*spread("a_train"), *spread("a_test"), *spread("train"), *spread("test")],
        "way",
    ),
    "no training": ([*spread("val"), *spread("test")], "test, val are .*, and none is for train"),
    "no classes": (list_flat("train", "test"), "test, train are .* without a folder for each cl"),
    "no classes, yolo": (list_flat("images/train", "images/val"), "train, val are named as spl"),
    "a copy in itself": ([*spread("photos"), *spread("")], "The folder photos holds the pict"),
    "chest x-rays": (
        [
            f"{above}/{path}"
            for above in ("x", "x/x")
            for path in [*spread("train"), *spread("val")]
        ],
        r"The folder x/x holds .* --params images=\.\.\./x/x$",
    ),
    "splits beside notes with pictures": (
        [*spread("data/train"), *spread("data/test"), *list_flat("docs")],
        r"The folder data holds test, train, .* beside docs: .* images=\.\.\./data, unpacked",
    ),
    "half a copy": ([*spread("photos"), *spread("", "cats", "birds")], "The folder photos holds"),
}


@pytest.mark.parametrize("layout", PROBLEMS)
def test_what_is_not_clear_stops_the_run_and_is_named(layout):
    paths, message = PROBLEMS[layout]
    with pytest.raises(DataError, match=message):
        label_paths(paths)


def test_a_deeper_level_is_taken_at_its_word():
    paths = [*spread("train"), *spread("test"), *spread("extra", "cats")]
    assert {labelled.label for labelled in label_paths(paths, 2)} == set(BOTH)
    assert {labelled.label for labelled in label_paths(paths, -1)} == set(BOTH)
    assert {labelled.split for labelled in label_paths(paths, 2)} == {None}


def test_of_many_folders_some_are_named():
    paths = [*spread("train"), *spread("test"), *list_flat(*"abcdefgh")]
    with pytest.raises(DataError, match="beside a, b, c, d, e and 3 more, which are not"):
        label_paths(paths)
