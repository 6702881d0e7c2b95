"""How often the gate decides wrongly, and how often it sees what is there."""

from typing import NamedTuple

import numpy as np
import pytest

from onion_pipeline.evaluation.significance import compare_accuracy, find_noticeable_difference

LEVEL, TOLERANCE = 0.05, 0.005


class Verdicts(NamedTuple):
    images: int
    difference: float  # of the true accuracies, challenger less champion
    disagreement: float  # share of images that only one of them gets right
    better: float  # shares of tests
    worse: float
    as_good: float  # shown not to be worse by more than the tolerance


CASES = [
    (images, difference, disagreement)
    for images in (100, 372, 750, 10_000)
    for difference in (0, 0.01, -TOLERANCE, -0.01)
    for disagreement in (0.02, 0.05, 0.15)
]


def simulate_gate(repeats, cases=CASES):
    return [_judge(*case, repeats) for case in cases]


def _judge(images, difference, disagreement, repeats):
    """Two networks that disagree on this share of images, where one of them is right."""
    generator = np.random.default_rng([images, int(1e6 * disagreement)])
    shares = [(disagreement + difference) / 2, (disagreement - difference) / 2]
    found = []
    for _ in range(repeats):
        only = generator.choice(3, images, p=[1 - disagreement, *shares])
        truth = np.ones(images, int)
        one = compare_accuracy(truth, np.where(only == 2, 0, 1), np.where(only == 1, 0, 1), LEVEL)
        is_significant, is_more = one.p_value <= LEVEL, one.first > one.second
        as_good = one.lowest >= -TOLERANCE
        found.append((is_significant and is_more, is_significant and not is_more, as_good))
    return Verdicts(images, difference, disagreement, *np.mean(found, axis=0).tolist())


def at_most(share, repeats):
    return share + 3 * (share * (1 - share) / repeats) ** 0.5


@pytest.mark.parametrize("disagreement", [0.02, 0.05, 0.15])
@pytest.mark.parametrize("images", [100, 372, 750, 10_000])
def test_equal_networks_are_seldom_told_apart(images, disagreement):
    (found,) = simulate_gate(600, [(images, 0, disagreement)])
    assert found.better <= at_most(LEVEL / 2, 600)
    assert found.worse <= at_most(LEVEL / 2, 600)


@pytest.mark.parametrize("disagreement", [0.02, 0.05, 0.15])
@pytest.mark.parametrize("images", [100, 372, 750, 10_000])
@pytest.mark.parametrize("difference", [-TOLERANCE, -0.01])
def test_what_is_worse_by_the_tolerance_is_seldom_as_good(images, disagreement, difference):
    (found,) = simulate_gate(600, [(images, difference, disagreement)])
    assert found.as_good <= at_most(LEVEL, 600)


@pytest.mark.parametrize("disagreement", [0.05, 0.15])
@pytest.mark.parametrize("images", [372, 750, 10_000])
def test_the_noticeable_difference_is_noticed_in_80_of_100_tests(images, disagreement):
    noticeable = find_noticeable_difference(images, disagreement, LEVEL)
    (found,) = simulate_gate(600, [(images, noticeable, max(disagreement, noticeable))])
    assert 0.7 <= found.better <= 0.86


def test_many_images_show_what_few_do_not():
    few, many = simulate_gate(200, [(images, 0.01, 0.05) for images in (372, 10_000)])
    assert few.better < 0.2
    assert many.better > 0.95
    few, many = simulate_gate(200, [(images, 0, 0.02) for images in (372, 20_000)])
    assert few.as_good < 0.2
    assert many.as_good > 0.95
