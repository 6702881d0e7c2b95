import numpy as np
import pandas as pd
import pytest

from onion_pipeline.images import pairs
from onion_pipeline.images.pairs import list_duplicates


@pytest.fixture
def files() -> pd.DataFrame:
    checksums = ["a" * 64, "b" * 64, "a" * 64, "c" * 64, "a" * 64]
    columns = {
        "path": [f"{row}.jpg" for row in range(5)],
        "label": ["0", "0", "1", "1", "0"],
        "sha256": checksums,
    }
    return pd.DataFrame(columns, dtype="str")


@pytest.fixture
def images(files, monkeypatch) -> np.ndarray:
    """Pictures of which 0 and 2, 1 and 3 are said to be alike."""
    found = pd.DataFrame({"first": [0, 1], "second": [2, 3], "similarity": [1.0, 0.99]})
    monkeypatch.setattr(pairs, "find_near_duplicates", lambda _: found)
    return np.zeros((5, 4, 4, 3), np.uint8)


def test_equal_files_and_near_pictures_are_listed_once(files, images):
    listed = list_duplicates(files, images)
    assert listed[["first", "second", "kind", "similarity"]].to_numpy().tolist() == [
        [0, 2, "exact", 1.0],
        [0, 4, "exact", 1.0],
        [1, 3, "near", 0.99],
    ]


def test_a_pair_names_both_files_and_labels(files, images):
    last = list_duplicates(files, images).iloc[-1]
    names = ["first_path", "second_path", "first_label", "second_label"]
    assert last[names].tolist() == ["1.jpg", "3.jpg", "0", "1"]


def test_near_duplicates_can_be_ignored(files, images):
    assert set(list_duplicates(files, images, near=False)["kind"]) == {"exact"}


def test_without_pairs_the_columns_have_their_types(images, files):
    listed = list_duplicates(files.iloc[[0]], images[:1], near=False)
    assert listed.empty
    assert listed.dtypes.astype(str).to_dict() == {
        "first": "int64",
        "second": "int64",
        "kind": "str",
        "similarity": "float64",
        "first_path": "str",
        "second_path": "str",
        "first_label": "str",
        "second_label": "str",
    }
