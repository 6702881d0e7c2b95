from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.images.stratification import (
    LEFT_OUT,
    SPLITS,
    allot_stratified,
    draw_exactly,
    draw_stably,
)

USUAL = {"train": 0.7, "validation": 0.2, "test": 0.1}
cluster_sizes = st.lists(st.lists(st.integers(1, 12), min_size=3, max_size=40), max_size=4)
shares = st.tuples(*[st.floats(0.05, 1)] * 3).map(
    lambda parts: dict(zip(SPLITS, np.array(parts) / sum(parts), strict=True))
)
checksums = st.sets(st.integers(0, 2**32), min_size=1, max_size=60).map(
    lambda numbers: [f"{number:064x}" for number in sorted(numbers)]
)


def make_pool(classes: list[list[int]]) -> pd.DataFrame:
    """A pool with clusters of the given sizes in each class."""
    rows = [
        (f"class_{label}", 100 * label + cluster)
        for label, sizes in enumerate(classes)
        for cluster, size in enumerate(sizes)
        for _ in range(size)
    ]
    pool = pd.DataFrame(rows, columns=["label", "cluster"]).astype({"label": "str"})
    return pool.assign(sha256=[f"{hash((7, row)) % 2**60:064x}" for row in range(len(pool))])


@given(cluster_sizes, shares, st.integers(0, 5))
def test_each_share_holds_to_within_one_cluster_of_the_class(classes, shares, seed):
    pool = make_pool(classes)
    drawn = draw_exactly(pool, shares, seed)
    counts = Counter(zip(pool["label"], drawn, strict=True))
    for label, sizes in enumerate(classes):
        found = {name: counts[f"class_{label}", name] for name in SPLITS}
        wanted = {name: shares[name] * sum(sizes) for name in SPLITS}
        # One image more: shares are rounded to whole images, over all classes.
        off = max(abs(found[name] - wanted[name]) for name in SPLITS)
        one_cluster_each = min(wanted.values()) < max(sizes)
        assert off < max(sizes) + 2 or one_cluster_each


@given(cluster_sizes, shares, st.integers(0, 5))
def test_a_cluster_lies_in_one_split_and_each_split_has_every_class(classes, shares, seed):
    pool = make_pool(classes).assign(split=draw_exactly(make_pool(classes), shares, seed))
    assert (pool.groupby("cluster")["split"].nunique() == 1).all()
    assert (pool.groupby("label")["split"].nunique() == 3).all()


@given(cluster_sizes, st.integers(0, 5), st.randoms())
def test_the_order_of_the_rows_means_nothing(classes, seed, random):
    pool = make_pool(classes)
    drawn = pd.Series(draw_exactly(pool, USUAL, seed), index=pool.index)
    order = random.sample(range(len(pool)), len(pool))
    shuffled = pool.iloc[order]
    assert draw_exactly(shuffled, USUAL, seed) == list(drawn.iloc[order])


def test_the_number_of_a_cluster_means_nothing():
    pool = make_pool([[3, 1, 2] * 5] * 2)
    other = pool.assign(cluster=1000 - pool["cluster"])
    assert draw_exactly(pool, USUAL, 0) == draw_exactly(other, USUAL, 0)


def test_single_pictures_are_drawn_by_lot():
    """Each of 30 pictures is for the test about as often as its share says."""
    pool = make_pool([[1] * 30])
    drawn = np.array([draw_exactly(pool, USUAL, seed) for seed in range(400)])
    often = (drawn == "test").mean(axis=0)
    assert often.mean() == pytest.approx(0.1)
    assert np.abs(often - 0.1).max() < 0.06  # four standard deviations


def test_a_large_cluster_is_not_always_for_training():
    pool = make_pool([[20] + [1] * 180])
    splits = Counter(draw_exactly(pool, USUAL, seed)[0] for seed in range(200))
    assert set(splits) == set(SPLITS)
    assert splits.most_common(1)[0][0] == "train"


def test_clusters_of_several_classes_stay_together():
    pool = make_pool([[1] * 60, [1] * 60])
    pool["cluster"] = [row % 15 for row in range(120)]
    pool["split"] = draw_exactly(pool, USUAL, 3)
    assert (pool.groupby("cluster")["split"].nunique() == 1).all()
    assert pool["split"].value_counts().to_dict() == {"train": 88, "validation": 24, "test": 8}


@given(checksums, checksums, st.integers(0, 3))
def test_stable_pictures_stay_where_they_are_when_others_come(before, added, seed):
    def draw(names: set[str]) -> dict[str, str]:
        pool = pd.DataFrame({"sha256": sorted(names), "group": None})
        drawn = draw_stably(pool, np.arange(len(pool)), USUAL, seed)
        return dict(zip(pool["sha256"], drawn, strict=True))

    first, second = draw(set(before)), draw(set(before) | set(added))
    assert {name: second[name] for name in before} == first


@given(checksums, st.integers(1, 8), st.integers(0, 3))
def test_of_stable_near_duplicates_one_split_keeps_its_own(names, clusters, seed):
    pool = pd.DataFrame({"sha256": names, "group": None})
    alike = np.arange(len(names)) % clusters
    alone = draw_stably(pool, np.arange(len(names)), USUAL, seed)
    drawn = draw_stably(pool, alike, USUAL, seed)
    assert ((drawn == alone) | (drawn == LEFT_OUT)).all()
    for cluster in range(clusters):
        kept = set(drawn[alike == cluster]) - {LEFT_OUT}
        possible = alone[alike == cluster]
        assert kept == ({max(possible, key=SPLITS.index)} if len(possible) else set())


def test_stable_groups_stay_together_whatever_their_pictures():
    pool = pd.DataFrame({"sha256": [f"{row:064x}" for row in range(200)]})
    pool["group"] = [f"patient {row % 20}" for row in range(200)]
    pool["split"] = draw_stably(pool, np.arange(200), USUAL, 0)
    assert (pool.groupby("group")["split"].nunique() == 1).all()
    assert pool["split"].nunique() > 1


def test_stable_fractions_hold_on_average():
    pool = pd.DataFrame({"sha256": [f"{row:064x}" for row in range(20_000)], "group": None})
    drawn = pd.Series(draw_stably(pool, np.arange(20_000), USUAL, 0))
    assert drawn.value_counts(normalize=True).to_dict() == pytest.approx(USUAL, abs=0.01)


def test_another_seed_draws_others():
    pool = make_pool([[1] * 50]).assign(group=None)
    assert draw_exactly(pool, USUAL, 0) != draw_exactly(pool, USUAL, 1)
    alone = np.arange(50)
    assert list(draw_stably(pool, alone, USUAL, 0)) != list(draw_stably(pool, alone, USUAL, 1))


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
