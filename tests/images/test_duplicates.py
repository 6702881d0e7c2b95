import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.images.duplicates import join_pairs, list_duplicates


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
def images() -> np.ndarray:
    """Pictures of which 0, 2 and 4 are the same, and 3 is 1 but for a little noise."""
    generator = np.random.default_rng(0)
    one, other = generator.integers(20, 230, (2, 6, 6, 3)).repeat(8, axis=1).repeat(8, axis=2)
    noisy = other + generator.integers(-3, 4, other.shape)
    return np.stack([one, other, one, noisy, one]).astype(np.uint8)


def test_equal_files_and_near_pictures_are_listed_once(files, images):
    listed = list_duplicates(files, images)
    assert listed[["first", "second", "kind"]].to_numpy().tolist() == [
        [0, 2, "exact"],
        [0, 4, "exact"],
        [1, 3, "near"],
    ]
    assert listed["similarity"].tolist() == [1, 1, pytest.approx(0.995, abs=0.005)]


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


@given(st.integers(1, 30), st.data())
def test_rows_that_pairs_connect_share_their_smallest(count, data):
    pair = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = np.array(data.draw(st.lists(pair, max_size=20)), np.int64).reshape(-1, 2)
    joined = join_pairs(count, pairs[:, 0], pairs[:, 1])
    expected = np.arange(count)
    for _ in range(count):
        for first, second in pairs:
            expected[[first, second]] = expected[[first, second]].min()
    assert joined.tolist() == expected.tolist()
