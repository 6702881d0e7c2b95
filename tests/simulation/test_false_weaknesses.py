"""How often a class is called the weakest where all are equally good."""

from typing import NamedTuple

import numpy as np
import pytest

from onion_pipeline.evaluation.weakest import find_weakest

from .populations import Population

CASES = [(k, n, imbalance, 0.0) for k in (2, 10, 100) for n in (372, 750) for imbalance in (1, 20)]
GROUPED = [(10, 750, 1, icc) for icc in (0.1, 0.3, 0.6)]


class Named(NamedTuple):
    classes: int
    images: int
    imbalance: float
    icc: float
    named: float


def simulate_false_weaknesses(repeats, cases=(*CASES, *GROUPED)):
    return [Named(*case, _count_named(*case, repeats)) for case in cases]


def _count_named(classes, images, imbalance, icc, repeats):
    population = Population(classes, 0.9, imbalance, 30 if icc else 0, icc, mixed=not icc)
    named = 0
    for seed in range(repeats):
        sample = population.draw(images, seed)
        parts = [sample.truth == each for each in np.unique(sample.truth)]
        is_right = sample.truth == sample.predicted
        named += find_weakest(parts, is_right, 0.05, sample.clusters) is not None
    return named / repeats


@pytest.mark.parametrize("case", [CASES[1], CASES[4], CASES[9], *GROUPED])
def test_a_weakest_class_is_seldom_named_where_all_are_equal(case):
    (found,) = simulate_false_weaknesses(300, [case])
    assert found.named <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5
