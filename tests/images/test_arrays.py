import hashlib

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images import arrays
from onion_pipeline.images.arrays import (
    ArrayChunks,
    check_match,
    count_rows,
    decoded_dtype,
    find_examples,
    labelled_dtype,
    make_keys,
    select_split,
)


@pytest.fixture
def splits() -> pd.DataFrame:
    labels = ["dog", "cat", "dog", "cat", "cat"]
    checksums = [hashlib.sha256(bytes([number])).hexdigest() for number in range(5)]
    return pd.DataFrame(
        {
            "label": labels,
            "split": ["train", "test", "test", "train", "train"],
            "sha256": checksums,
        },
        index=range(10, 15),  # rows are counted by position, whatever the index says
    )


@pytest.fixture
def decoded(splits) -> np.ndarray:
    images = np.zeros(5, decoded_dtype((4, 6, 3)))
    images["image"] = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
    images["index"] = [1, 3, 4, 8, 9]
    images["key"] = make_keys(splits["sha256"])
    return images


@pytest.mark.parametrize(
    ("split", "rows", "labels"),
    [("train", [0, 3, 4], [1, 0, 0]), ("test", [1, 2], [0, 1]), ("validation", [], [])],
)
def test_a_split_holds_its_images_with_label_and_origin(decoded, splits, split, rows, labels):
    selected = select_split(decoded, splits, ["cat", "dog"], split).gather()
    np.testing.assert_array_equal(selected["image"], decoded["image"][rows])
    assert selected["label"].tolist() == labels
    assert selected["index"].tolist() == rows
    assert not selected["copy"].any()


def test_a_split_is_made_in_pieces(decoded, splits, monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 2 * labelled_dtype((4, 6, 3)).itemsize)
    chunks = select_split(decoded, splits, ["cat", "dog"], "train")
    assert [len(piece) for piece in chunks.pieces] == [2, 1]


def test_splits_of_fewer_images_are_refused(decoded, splits):
    with pytest.raises(DataError, match=r"5 decoded images and the 4 rows .* another run"):
        select_split(decoded, splits[:4], ["cat", "dog"], "train")


def test_splits_of_other_images_are_refused(decoded, splits):
    with pytest.raises(DataError, match="kedro run --pipelines ingest"):
        select_split(decoded, splits.iloc[::-1], ["cat", "dog"], "train")
    check_match(decoded, splits)


def test_the_class_names_give_the_ids(decoded, splits):
    selected = select_split(decoded, splits, ["dog", "cat"], "test").gather()
    assert selected["label"].tolist() == [1, 0]


@pytest.mark.parametrize("make", [labelled_dtype, decoded_dtype])
@pytest.mark.parametrize("shape", [(12, 16, 3), (5, 4, 1)])
def test_images_have_the_shape_that_was_asked(shape, make):
    images = np.zeros(2, make(shape))
    assert images["image"].shape == (2, *shape)
    assert images["image"].dtype == np.uint8


def test_a_key_is_the_beginning_of_the_checksum():
    checksum = hashlib.sha256(b"onion").hexdigest()
    assert make_keys(pd.Series([checksum])).tolist() == [int(checksum[:16], 16)]
    assert make_keys(pd.Series([], dtype="str")).dtype == np.uint64


@pytest.mark.parametrize(
    ("shape", "rows"), [((28, 28, 1), 1024), ((128, 128, 3), 170), ((4096, 4096, 3), 1)]
)
def test_rows_of_8_mebibytes_are_taken_at_a_time(shape, rows):
    assert count_rows(decoded_dtype(shape)) == rows


def test_pieces_are_gathered_in_their_order():
    pieces = (np.full((rows, 2), rows) for rows in (2, 0, 1))
    chunks = ArrayChunks(np.dtype(int), (2,), pieces)
    assert chunks.gather().tolist() == [[2, 2], [2, 2], [1, 1]]


def test_no_piece_is_an_empty_array():
    assert ArrayChunks(np.dtype(np.uint8), (3, 4), []).gather().shape == (0, 3, 4)


def test_the_example_of_a_class_is_its_first_image(labelled_images):
    shuffled = labelled_images[[5, 0, 2, 1, 3]]
    assert find_examples(shuffled)["index"].tolist() == [0, 1, 5]


def test_a_class_without_images_has_no_example(labelled_images):
    kept = labelled_images[labelled_images["label"] != 1]
    assert find_examples(kept)["label"].tolist() == [0, 2]
