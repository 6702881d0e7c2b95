import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.errors import DataError
from onion_pipeline.images.splits import (
    assign_folds,
    cluster_files,
    describe_leaks,
    find_leaks,
    split_images,
)
from onion_pipeline.images.stratification import LEFT_OUT, SPLITS

USUAL = {"train": 0.7, "validation": 0.2, "test": 0.1}
UNEVEN = [370, 111, 52, 904, 33]
METHODS = ["exact", "stable"]


def list_files(
    sizes: list[int],
    splits: list[str | None] | None = None,
    groups: list[str | None] | None = None,
) -> pd.DataFrame:
    labels = [f"class_{number}" for number, size in enumerate(sizes) for _ in range(size)]
    paths = [f"{label}/{number}.jpg" for number, label in enumerate(labels)]
    columns = {
        "path": paths,
        "label": labels,
        "split": splits or [None] * len(labels),
        "group": groups or [None] * len(labels),
        "sha256": [hashlib.sha256(path.encode()).hexdigest() for path in paths],
    }
    return pd.DataFrame(columns, dtype="str")


def list_pairs(*pairs: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["first", "second"], dtype="int64")


NO_PAIRS = list_pairs()


def split_usually(files: pd.DataFrame, seed: int = 0, **options) -> pd.DataFrame:
    return split_images(files, NO_PAIRS, USUAL, seed, **options)


def count_homes(table: pd.DataFrame, column: str) -> int:
    """In how many splits the most spread value of `column` lies."""
    kept = table[table["split"] != LEFT_OUT]
    return int(kept.groupby(column)["split"].nunique().max())


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
    done = split_images(list_files(sizes), NO_PAIRS, dict(zip(SPLITS, shares, strict=True)), 0)
    for name, share in zip(SPLITS[1:], shares[1:], strict=True):
        assert abs(count_splits(done)[name] - share * sum(sizes)) <= 0.5


def test_20_and_10_percent_of_1000_images_are_200_and_100():
    counts = count_splits(split_usually(list_files([100] * 10), 0))
    assert counts == {"train": 700, "validation": 200, "test": 100}


def test_every_class_has_its_share_to_within_one_image():
    done = split_usually(list_files(UNEVEN), 0)
    table = pd.crosstab(done["label"], done["split"])
    for name in ("validation", "test"):
        assert (table[name] - USUAL[name] * np.array(UNEVEN)).abs().max() <= 1


def test_every_class_is_in_every_split_however_small():
    done = split_usually(list_files([3, 3, 500]), 0)
    assert pd.crosstab(done["label"], done["split"]).to_numpy().min() == 1


def test_every_class_is_in_every_split_when_few_are_for_training():
    fractions = {"train": 0.1, "validation": 0.45, "test": 0.45}
    done = split_images(list_files([10, 10]), NO_PAIRS, fractions, 0)
    assert pd.crosstab(done["label"], done["split"]).to_numpy().min() >= 1


def test_rows_stay_in_their_order_and_every_one_has_a_split():
    files = list_files(UNEVEN).sample(frac=1, random_state=0)
    done = split_usually(files, 0)
    given = files[["path", "label", "group", "sha256"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(done[given.columns], given)
    assert list(done.columns) == ["path", "label", "split", "group", "sha256", "cluster"]
    assert set(done["split"]) == set(SPLITS)


def test_the_same_seed_draws_the_same():
    first, second = (split_usually(list_files(UNEVEN), 7) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_another_seed_draws_others_of_the_same_number():
    first, second = (split_usually(list_files(UNEVEN), seed) for seed in (0, 1))
    assert not first["split"].equals(second["split"])
    assert count_splits(first) == count_splits(second)


def test_the_draw_is_not_the_order_of_the_files():
    drawn = split_usually(list_files([100, 100]), 0)["split"].eq("test")
    assert drawn[:100].to_numpy().nonzero()[0].tolist() != list(range(10))
    assert not np.array_equal(drawn[:100], drawn[100:])


def test_given_splits_are_kept():
    given = ["train", "validation", "test", "test"] * 2
    done = split_usually(list_files([4, 4], given), 0)
    assert done["split"].tolist() == given


@pytest.mark.parametrize(("given", "drawn"), [("test", "validation"), ("validation", "test")])
def test_a_missing_split_is_drawn_from_those_for_training(given, drawn):
    splits = (["train"] * 90 + [given] * 10) * 2
    done = split_usually(list_files([100, 100], splits), 0)
    assert done["split"].eq(given).tolist() == [name == given for name in splits]
    share = USUAL[drawn] / (USUAL["train"] + USUAL[drawn])
    assert count_splits(done)[drawn] == round(180 * share)


def test_files_without_a_split_are_drawn_and_the_others_stay():
    splits = [None] * 10 + ["train"] * 5 + ["test"] * 5
    done = split_usually(list_files([20, 20], splits * 2), 0)
    given = pd.Series(splits * 2, dtype="str")
    assert (done["split"] == given)[given.notna()].all()
    drawn = done.loc[given.isna(), "split"]
    assert drawn.value_counts().to_dict() == {"train": 14, "validation": 4, "test": 2}


@pytest.mark.parametrize("method", METHODS)
def test_a_file_without_a_split_joins_the_one_of_its_like(method):
    files = list_files([40, 40], ["test"] * 3 + [None] * 77)
    pairs = list_pairs((0, 10), (10, 11), (50, 2))
    done = split_images(files, pairs, USUAL, 0, method)
    assert done.loc[[0, 1, 2, 10, 11, 50], "split"].eq("test").all()


def test_one_class_is_refused():
    with pytest.raises(DataError, match="Only one class was found: class_0"):
        split_usually(list_files([10]), 0)


def test_classes_smaller_than_the_number_of_splits_are_refused_by_name():
    with pytest.raises(DataError, match=r"2 of 3 .* the 3 splits.*class_0 \(2\), class_2 \(1\)\."):
        split_usually(list_files([2, 3, 1]), 0)


def test_fewer_images_are_needed_where_splits_are_given():
    splits = ["train", "train", "test"] * 2
    done = split_usually(list_files([3, 3], splits), 0)
    assert count_splits(done) == {"train": 2, "validation": 2, "test": 2}


def test_a_class_without_images_for_training_is_refused():
    splits = ["train"] * 5 + ["test"] * 5
    with pytest.raises(
        DataError, match=r"the 2 splits .*class_1 \(0 to draw from, 5 more in test\)"
    ):
        split_usually(list_files([5, 5], splits), 0)


def test_a_class_in_the_other_given_splits_alone_is_refused_with_its_true_numbers():
    splits = ["train", "validation", "test"] * 2 + ["test"] * 3 + ["validation"] * 2
    message = r"1 of 2 classes has no readable .* class_1 \(0 to draw from, 3 more in test, 2 more"
    with pytest.raises(DataError, match=message):
        split_usually(list_files([6, 5], splits), 0)


def test_near_duplicates_count_once_in_the_complaint():
    files = list_files([4, 10])
    with pytest.raises(DataError, match=r"class_0 \(4, 2 of them apart\)\. Near-duplicates"):
        split_images(files, list_pairs((0, 1), (1, 2)), USUAL, 0)


pair_lists = st.lists(st.tuples(st.integers(0, 199), st.integers(0, 199)), max_size=40)


@pytest.mark.parametrize("method", METHODS)
@given(pair_lists, st.integers(0, 3))
def test_what_belongs_together_never_lies_in_two_splits(method, pairs, seed):
    files = list_files([100, 100])
    files.loc[::20, "sha256"] = files["sha256"][0]  # ten copies of one file
    table = list_pairs(*pairs)
    done = split_images(files, table, USUAL, seed, method)
    assert find_leaks(done, table).empty
    assert count_homes(done, "cluster") == 1
    assert method == "stable" or LEFT_OUT not in set(done["split"])


@pytest.mark.parametrize("method", METHODS)
@given(st.integers(20, 60), pair_lists, st.integers(0, 3))
def test_a_group_lies_in_one_split(method, count, pairs, seed):
    groups = [f"patient {row % count}" if row % 3 else None for row in range(200)]
    files = list_files([100, 100], groups=groups)
    done = split_images(files, list_pairs(*pairs), USUAL, seed, method)
    assert count_homes(done, "group") == 1
    assert find_leaks(done, list_pairs(*pairs)).empty


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@given(pair_lists, st.randoms())
def test_a_split_depends_on_the_content_alone(method, pairs, random):
    files = list_files([100, 100])
    done = split_images(files, list_pairs(*pairs), USUAL, 1, method)
    order = random.sample(range(200), 200)
    place = {old: new for new, old in enumerate(order)}
    moved = files.iloc[order].assign(path=[f"elsewhere/{row}.jpg" for row in range(200)])
    again = list_pairs(*[(place[first], place[second]) for first, second in pairs])
    other = split_images(moved, again, USUAL, 1, method)
    assert other["split"].tolist() == done["split"].iloc[order].tolist()


@given(pair_lists, st.integers(60, 140))
def test_stable_images_never_move_when_others_are_added(pairs, first_count):
    """Also where what is added resembles what was there; it is left out, or they are."""
    files = list_files([100, 100])
    rows = np.random.default_rng(0).permutation(200)
    early = np.sort(rows[:first_count])
    place = {int(row): number for number, row in enumerate(early)}
    known = [
        (place[first], place[second])
        for first, second in pairs
        if first in place and second in place
    ]
    before = split_images(files.iloc[early], list_pairs(*known), USUAL, 5, "stable")
    after = split_images(files, list_pairs(*pairs), USUAL, 5, "stable").iloc[early]
    kept = (before["split"] != LEFT_OUT).to_numpy() & (after["split"] != LEFT_OUT).to_numpy()
    assert before["split"][kept].tolist() == after["split"][kept].tolist()
    assert set(after["split"][before["split"].eq("test").to_numpy()]) <= {"test"}


def test_a_class_that_a_stable_split_would_lack_is_named():
    with pytest.raises(DataError, match=r"would have no image of class_\d.*split_method: exact"):
        split_usually(list_files([4, 500]), 0, method="stable")


def test_files_that_belong_together_share_the_number_of_their_first():
    files = list_files([4, 4], groups=[None, "a", None, None, None, "a", None, None])
    files.loc[7, "sha256"] = files.loc[2, "sha256"]
    clusters = cluster_files(files, list_pairs((3, 4), (4, 5)))
    assert clusters.tolist() == [0, 1, 2, 1, 1, 1, 6, 2]


def test_given_splits_that_leak_are_kept_and_told():
    files = list_files([4, 4], ["train", "validation", "test", "train"] * 2)
    pairs = list_pairs((0, 2), (4, 7), (1, 5)).assign(
        first_path=files["path"][[0, 4, 1]].tolist(), second_path=files["path"][[2, 7, 5]].tolist()
    )
    done = split_images(files, pairs, USUAL, 0)
    assert done["split"].tolist() == files["split"].tolist()
    leaks = find_leaks(done, pairs)
    assert leaks[["first", "second", "first_split", "second_split"]].to_numpy().tolist() == [
        [0, 2, "train", "test"]
    ]
    assert describe_leaks(leaks).startswith("1 pairs of pictures that are the same or nearly so")
    assert "class_0/0.jpg (train) and class_0/2.jpg (test)" in describe_leaks(leaks)
    assert "The test is too kind" in describe_leaks(leaks)
    between = leaks.assign(second_split="validation")
    assert "The validation is too kind to an epoch" in describe_leaks(between)


@pytest.mark.slow
@given(pair_lists, st.integers(2, 5), st.integers(0, 3))
def test_a_fold_holds_whole_clusters_of_each_class_alike(pairs, folds, seed):
    table = split_images(list_files([100, 100]), list_pairs(*pairs), USUAL, seed)
    table["fold"] = assign_folds(table, folds, seed)
    used = table[table["split"] != "test"]
    assert table.loc[table["split"] == "test", "fold"].isna().all()
    assert set(used["fold"]) == set(range(folds))
    assert (used.groupby("cluster")["fold"].nunique() == 1).all()
    counts = pd.crosstab(used["label"], used["fold"])
    largest = used["cluster"].value_counts().max()
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= largest + 1


def test_folds_depend_on_the_content_alone():
    table = split_usually(list_files([50, 50]), 0)
    folds = assign_folds(table, 4, 0)
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_series_equal(assign_folds(shuffled, 4, 0).sort_index(), folds)
    numbers = {name: number for number, name in enumerate(shuffled["cluster"].unique())}
    renumbered = shuffled.assign(cluster=shuffled["cluster"].map(numbers))
    pd.testing.assert_series_equal(assign_folds(renumbered, 4, 0).sort_index(), folds)


def test_more_folds_than_images_apart_are_refused():
    table = split_usually(list_files([5, 50]), 0)
    with pytest.raises(DataError, match=r"8 folds need 8 images .*; class_0 has 4\. Ask for fewer"):
        assign_folds(table, 8, 0)
