import pandas as pd
import pytest

from onion_pipeline.images.quality.classes import (
    count_classes,
    describe_classes,
    describe_inner_splits,
    describe_lookalikes,
)


def test_classes_are_counted_by_name():
    files = pd.DataFrame({"label": ["red", "blue", "red", "A"]})
    assert list(count_classes(files).items()) == [("A", 1), ("blue", 1), ("red", 2)]


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"blue": 10, "red": 9}, "2 classes: blue (10 pictures), red (9)"),
        ({"red": 1}, "1 class: red (1 picture)"),
        ({}, "0 classes: none"),
    ],
)
def test_all_of_a_few_classes_are_named(counts, line):
    assert describe_classes(counts) == line


def test_of_many_classes_the_first_and_the_extremes_are_named():
    counts = {f"{number:03}": 50 for number in range(200)} | {"150": 2, "170": 99}
    assert describe_classes(counts).startswith("200 classes: 000 (50 pictures), 001 (50), ")
    assert describe_classes(counts).endswith(
        "009 (50) and 190 more; the smallest is 150 (2), the largest 170 (99)"
    )


@pytest.mark.parametrize(
    "names",
    ["cat Cat CAT", "cat cat\u200b", "stra\u00dfe STRASSE", "cat \uff43at", "cat c\u00adat"],
)
def test_names_that_look_alike_are_found(names):
    group = names.split(" ")
    warning = describe_lookalikes(dict.fromkeys(["dog", *group], 1))
    assert f": {' and '.join(f'{name!r} (1)' for name in group)}. If" in warning


@pytest.mark.parametrize("pair", [("cat", "cat "), ("a cat", "a\u00a0cat"), ("acat", "a cat")])
def test_blanks_are_not_seen(pair):
    first, second = pair
    assert f": {first!r} (1) and {second!r} (1). " in describe_lookalikes({first: 1, second: 1})


@pytest.mark.parametrize("pair", [("cat", "cats"), ("1", "01"), ("a", "\u00e4"), ("a_b", "a-b")])
def test_other_names_are_other_classes(pair):
    assert describe_lookalikes(dict.fromkeys(pair, 1)) is None


def test_what_cannot_be_seen_is_shown():
    counts = {"cat": 2, "cat\u200b": 3, "dog": 1, "dog ": 1}
    warning = describe_lookalikes(counts)
    assert "'cat' (2) and 'cat\\u200b' (3); 'dog' (1) and 'dog ' (1). If they are one" in warning


def test_of_many_groups_some_are_named():
    counts = {name: 1 for letter in "abcdefghijkl" for name in (letter, letter.upper())}
    assert "'j' (1) and 'J' (1); and 2 more." in describe_lookalikes(counts)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg"], "folders test, train in"),
        (["p/cat/Train/a/1.jpg", "p/cat/Val/2.jpg", "p/dog/3.jpg"], "folders Train, Val in"),
        (["cat/train/1.jpg", "dog/train/2.jpg"], None),
        (["cat/train.jpg", "cat/test.jpg", "dog/1.jpg"], None),
        (["cat/in/1.jpg", "cat/out/2.jpg"], None),
    ],
)
def test_splits_in_the_folders_of_classes_are_told(paths, said):
    labels = ["dog" if "dog" in path else "cat" for path in paths]
    index = pd.DataFrame({"path": paths, "label": labels, "split": None})
    found = describe_inner_splits(index)
    assert (said in found) if said else (found is None)


def test_nothing_is_said_of_inner_folders_where_splits_are_given():
    paths = ["train/cat/train/1.jpg", "test/cat/test/2.jpg"]
    index = pd.DataFrame({"path": paths, "label": "cat", "split": ["train", "test"]})
    assert describe_inner_splits(index) is None
    assert describe_inner_splits(index[:0]) is None
