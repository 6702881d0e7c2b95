"""How often intervals hold the truth."""

from typing import NamedTuple

import numpy as np
import pytest

from onion_pipeline.evaluation.intervals import hits_interval
from onion_pipeline.evaluation.macro_f1 import macro_f1_interval

from .populations import Population

UNGROUPED = [
    (classes, images, imbalance)
    for classes in (2, 10, 100)
    for images in (100, 372, 750, 10_000)
    for imbalance in (1, 20)
    if images >= 2 * classes
] + [(1000, 3000, 1), (1000, 10_000, 1)]
GROUPED = [(10, icc, mixed) for icc in (0.1, 0.3, 0.6) for mixed in (True, False)]


class Coverage(NamedTuple):
    classes: int
    images: int
    imbalance: float
    groups: int
    icc: float
    accuracy: float
    macro_f1: float
    recall: float


def simulate_intervals_of_independent_pictures(repeats, cases=UNGROUPED, accuracy=0.9):
    return [
        _cover(Population(classes, accuracy, imbalance), images, repeats)
        for classes, images, imbalance in cases
    ]


def simulate_intervals_of_groups(repeats, cases=GROUPED):
    return [
        _cover(Population(classes, 0.9, groups=30, icc=icc, mixed=mixed), 750, repeats)
        for classes, icc, mixed in cases
    ]


def _cover(population, images, repeats):
    """The shares of samples whose intervals hold accuracy, macro F1, and the recall of class 0."""
    held = [_hold(population, population.draw(images, seed)) for seed in range(repeats)]
    return Coverage(
        population.classes, images, population.imbalance, population.groups, population.icc,
        *map(float, np.nanmean(held, axis=0)),
    )  # fmt: skip


def _hold(population, sample):
    truth, predicted, clusters = sample.truth, sample.predicted, sample.clusters
    is_right, first = truth == predicted, truth == 0
    low, high = hits_interval(is_right, clusters, 0.95)
    lower, upper = macro_f1_interval(truth, predicted, population.classes, 0.95, clusters)
    recall = np.nan
    if first.any():
        own = None if clusters is None else clusters[first]
        bottom, top = hits_interval(is_right[first], own, 0.95)
        recall = bottom <= population.accuracy <= top
    return [
        low <= population.accuracy <= high,
        lower <= population.measure_macro_f1(np.unique(truth)) <= upper,
        recall,
    ]


@pytest.mark.parametrize(
    "case", [(2, 100, 1), (10, 100, 1), (10, 372, 20), (100, 500, 1), (1000, 3000, 1)]
)
def test_intervals_of_independent_pictures_hold_the_truth(case):
    repeats = 300 if case[0] < 1000 else 40
    (found,) = simulate_intervals_of_independent_pictures(repeats, [case])
    error = 3 * (0.95 * 0.05 / repeats) ** 0.5
    assert found.accuracy > 0.94 - error
    assert found.macro_f1 > 0.93 - error
    assert found.recall > 0.92 - error


@pytest.mark.parametrize("icc", [0.1, 0.3, 0.6])
def test_intervals_of_groups_hold_the_truth(icc):
    (found,) = simulate_intervals_of_groups(300, [(10, icc, True)])
    error = 3 * (0.95 * 0.05 / 300) ** 0.5
    assert found.accuracy > 0.93 - error
    assert found.macro_f1 > 0.93 - error
    assert found.recall > 0.92 - error
