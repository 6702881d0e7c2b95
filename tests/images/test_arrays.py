import numpy as np
import pandas as pd
import pytest

from onion_pipeline.images.arrays import find_examples, labelled_dtype, select_split


@pytest.fixture
def splits() -> pd.DataFrame:
    labels = ["dog", "cat", "dog", "cat", "cat"]
    return pd.DataFrame(
        {"label": labels, "split": ["train", "test", "test", "train", "train"]},
        index=range(10, 15),  # rows are counted by position, whatever the index says
    )


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("split", "rows", "labels"),
    [("train", [0, 3, 4], [1, 0, 0]), ("test", [1, 2], [0, 1]), ("validation", [], [])],
)
def test_a_split_holds_its_images_with_label_and_origin(pictures, splits, split, rows, labels):
    selected = select_split(pictures, splits, ["cat", "dog"], split)
    np.testing.assert_array_equal(selected["image"], pictures[rows])
    assert selected["label"].tolist() == labels
    assert selected["index"].tolist() == rows
    assert not selected["copy"].any()


def test_images_without_splits_are_refused(pictures, splits):
    with pytest.raises(ValueError, match="5 images do not match 4 rows"):
        select_split(pictures, splits[:4], ["cat", "dog"], "train")


def test_the_class_names_give_the_ids(pictures, splits):
    selected = select_split(pictures, splits, ["dog", "cat"], "test")
    assert selected["label"].tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(12, 16, 3), (5, 4, 1)])
def test_labelled_images_have_the_shape_that_was_asked(shape):
    images = np.zeros(2, labelled_dtype(shape))
    assert images["image"].shape == (2, *shape)
    assert images["image"].dtype == np.uint8


def test_the_example_of_a_class_is_its_first_image(labelled_images):
    shuffled = labelled_images[[5, 0, 2, 1, 3]]
    assert find_examples(shuffled)["index"].tolist() == [0, 1, 5]


def test_a_class_without_images_has_no_example(labelled_images):
    kept = labelled_images[labelled_images["label"] != 1]
    assert find_examples(kept)["label"].tolist() == [0, 2]
