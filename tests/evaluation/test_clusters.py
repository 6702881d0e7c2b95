import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation import clusters, intervals


def test_clusters_are_those_of_the_splits_in_the_order_of_the_predictions():
    splits = pd.DataFrame({"path": list("abcd"), "cluster": [7, 9, 7, 2]})
    predictions = pd.DataFrame({"path": list("dca")})
    assert clusters.find_clusters(predictions, splits).tolist() == [0, 1, 1]
    assert clusters.find_clusters(predictions.head(2), splits) is None


def test_pictures_of_groups_that_are_all_alike_count_once():
    hits, groups = np.repeat([True, False, True, True], 25), np.repeat(np.arange(4), 25)
    weight = clusters.weigh_share(hits, groups)
    assert weight.images == pytest.approx(3)  # of 4, one is lost to the mean
    assert weight.freedom == 3
    assert clusters.weigh_share(np.ones(100, bool), groups).images == pytest.approx(4)


def test_of_one_group_nothing_is_known():
    assert intervals.hits_interval(np.arange(10) < 5, np.zeros(10, np.int64), 0.95) == (0, 1)


def test_without_clusters_intervals_are_wilson_s_to_the_bit():
    hits = np.arange(263) < 81
    plain = tuple(intervals.wilson_interval(81, 263, 0.95).tolist())
    assert intervals.hits_interval(hits, None, 0.95) == plain
    assert intervals.hits_interval(hits, np.arange(263), 0.95) == plain


def test_groups_widen_the_intervals_of_classes():
    generator = np.random.default_rng(0)
    truth, groups = generator.integers(0, 3, 600), np.arange(600) // 20
    predicted = np.where((groups % 4 > 0) | (generator.random(600) < 0.5), truth, (truth + 1) % 3)
    apart, together = (
        intervals.cluster_class_intervals(truth, predicted, 3, 0.95, each)
        for each in (np.arange(600), groups)
    )
    matrix = np.zeros((3, 3), np.int64)
    np.add.at(matrix, (truth, predicted), 1)
    for name, bounds in intervals.class_intervals(matrix, 0.95).items():
        np.testing.assert_allclose(apart[name], bounds)
        assert (np.diff(together[name]) > np.diff(apart[name])).all()
