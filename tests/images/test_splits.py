import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.splits import SPLITS, allot_stratified, split_images

USUAL = {"train": 0.7, "validation": 0.2, "test": 0.1}
UNEVEN = [370, 111, 52, 904, 33]


def list_files(sizes: list[int], splits: list[str | None] | None = None) -> pd.DataFrame:
    labels = [f"class_{number}" for number, size in enumerate(sizes) for _ in range(size)]
    paths = [f"{label}/{number}.jpg" for number, label in enumerate(labels)]
    given = pd.Series(splits or [None] * len(labels), dtype="str")
    return pd.DataFrame({"path": paths, "label": labels, "split": given})


def count_splits(files: pd.DataFrame) -> dict[str, int]:
    return files["split"].value_counts().to_dict()


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ([100] * 10, (0.7, 0.2, 0.1)),
        ([100] * 10, (0.98, 0.01, 0.01)),
        ([101] * 3, (0.7, 0.2, 0.1)),
        ([15] * 50, (0.5, 0.25, 0.25)),
        (UNEVEN, (0.7, 0.2, 0.1)),
        (UNEVEN, (0.62, 0.31, 0.07)),
    ],
)
def test_each_split_has_its_share_of_the_whole_to_the_nearest_image(sizes, shares):
    done = split_images(list_files(sizes), dict(zip(SPLITS, shares, strict=True)), seed=0)
    for name, share in zip(SPLITS[1:], shares[1:], strict=True):
        assert abs(count_splits(done)[name] - share * sum(sizes)) <= 0.5


def test_20_and_10_percent_of_1000_images_are_200_and_100():
    counts = count_splits(split_images(list_files([100] * 10), USUAL, seed=0))
    assert counts == {"train": 700, "validation": 200, "test": 100}


def test_every_class_has_its_share_to_within_one_image():
    done = split_images(list_files(UNEVEN), USUAL, seed=0)
    table = pd.crosstab(done["label"], done["split"])
    for name in ("validation", "test"):
        assert (table[name] - USUAL[name] * np.array(UNEVEN)).abs().max() <= 1


def test_every_class_is_in_every_split_however_small():
    done = split_images(list_files([3, 3, 500]), USUAL, seed=0)
    assert pd.crosstab(done["label"], done["split"]).to_numpy().min() == 1


def test_every_class_is_in_every_split_when_few_are_for_training():
    fractions = {"train": 0.1, "validation": 0.45, "test": 0.45}
    done = split_images(list_files([10, 10]), fractions, seed=0)
    assert pd.crosstab(done["label"], done["split"]).to_numpy().min() >= 1


def test_rows_stay_in_their_order_and_every_one_has_a_split():
    files = list_files(UNEVEN).sample(frac=1, random_state=0)
    done = split_images(files, USUAL, seed=0)
    pd.testing.assert_frame_equal(done[["path", "label"]], files[["path", "label"]])
    assert list(done.columns) == ["path", "label", "split"]
    assert set(done["split"]) == set(SPLITS)


def test_the_same_seed_draws_the_same():
    first, second = (split_images(list_files(UNEVEN), USUAL, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_another_seed_draws_others_of_the_same_number():
    first, second = (split_images(list_files(UNEVEN), USUAL, seed=seed) for seed in (0, 1))
    assert not first["split"].equals(second["split"])
    assert count_splits(first) == count_splits(second)


def test_the_draw_is_not_the_order_of_the_files():
    drawn = split_images(list_files([100, 100]), USUAL, seed=0)["split"].eq("test")
    assert drawn[:100].to_numpy().nonzero()[0].tolist() != list(range(10))
    assert not np.array_equal(drawn[:100], drawn[100:])


def test_given_splits_are_kept():
    given = ["train", "validation", "test", "test"] * 2
    done = split_images(list_files([4, 4], given), USUAL, seed=0)
    assert done["split"].tolist() == given


@pytest.mark.parametrize(("given", "drawn"), [("test", "validation"), ("validation", "test")])
def test_a_missing_split_is_drawn_from_those_for_training(given, drawn):
    splits = (["train"] * 90 + [given] * 10) * 2
    done = split_images(list_files([100, 100], splits), USUAL, seed=0)
    assert done["split"].eq(given).tolist() == [name == given for name in splits]
    share = USUAL[drawn] / (USUAL["train"] + USUAL[drawn])
    assert count_splits(done)[drawn] == round(180 * share)


def test_files_without_a_given_split_are_for_training():
    splits = [None, "train", "validation", "test"] * 2
    done = split_images(list_files([4, 4], splits), USUAL, seed=0)
    assert done["split"].tolist() == ["train", "train", "validation", "test"] * 2


def test_one_class_is_refused():
    with pytest.raises(DataError, match="Only one class was found: class_0"):
        split_images(list_files([10]), USUAL, seed=0)


def test_classes_smaller_than_the_number_of_splits_are_refused_by_name():
    with pytest.raises(DataError, match=r"2 of 3 .* the 3 splits.*class_0 \(2\), class_2 \(1\)\."):
        split_images(list_files([2, 3, 1]), USUAL, seed=0)


def test_fewer_images_are_needed_where_splits_are_given():
    splits = ["train", "train", "test"] * 2
    done = split_images(list_files([3, 3], splits), USUAL, seed=0)
    assert count_splits(done) == {"train": 2, "validation": 2, "test": 2}


def test_a_class_without_images_for_training_is_refused():
    splits = ["train"] * 5 + ["test"] * 5
    with pytest.raises(DataError, match=r"1 of 2 .* the 2 splits to draw: class_1 \(0\)"):
        split_images(list_files([5, 5], splits), USUAL, seed=0)


@pytest.mark.parametrize(
    ("sizes", "share", "expected"),
    [
        ([10, 10, 5], 0.2, [2, 2, 1]),
        ([10, 10], 0.2, [2, 2]),
        ([14, 16, 10], 0.1, [1, 2, 1]),
        ([19, 15, 11], 0.1, [2, 1, 1]),
        ([1000, 3], 0.1, [100, 1]),
        ([1, 1, 1], 0.1, [1, 1, 1]),
        ([30], 0.1, [3]),
    ],
)
def test_places_go_to_the_largest_remainders(sizes, share, expected):
    assert allot_stratified(sizes, share, sizes).tolist() == expected
