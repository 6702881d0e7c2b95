"""How often right probabilities are called wrong, and wrong ones noticed."""

from typing import NamedTuple

import numpy as np
import pytest

from onion_pipeline.evaluation.calibration import apply_temperature
from onion_pipeline.evaluation.calibration_error import compare_with_chance

LEVEL = 0.05


class Alarms(NamedTuple):
    images: int
    classes: int
    temperature: float  # by which scores are divided that would be right without
    share: float  # of tests in which the error is significant
    error: float  # on average, and what chance alone would make of it
    expected: float


CASES = [
    (images, classes, temperature)
    for images in (100, 372, 750, 10_000)
    for classes in (2, 10, 100)
    for temperature in (1.0, 0.6)
]


def simulate_calibration_test(repeats, cases=CASES):
    return [_test_calibration(*case, repeats) for case in cases]


def _test_calibration(images, classes, temperature, repeats):
    generator = np.random.default_rng([images, classes])
    found = []
    for _ in range(repeats):
        scores = generator.normal(0, 2, (images, classes))
        honest = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        points = generator.random((images, 1))
        labels = (honest.cumsum(axis=1) < points).sum(axis=1).clip(max=classes - 1)
        found.append(compare_with_chance(labels, apply_temperature(honest, temperature)))
    share = np.mean([each.p_value <= LEVEL for each in found])
    error, expected, _ = np.mean(found, axis=0)
    return Alarms(images, classes, temperature, float(share), float(error), float(expected))


@pytest.mark.parametrize("classes", [2, 10, 100])
@pytest.mark.parametrize(("images", "repeats"), [(100, 300), (372, 200), (750, 100), (10_000, 6)])
def test_right_probabilities_are_called_wrong_in_five_of_a_hundred_tests(images, repeats, classes):
    (found,) = simulate_calibration_test(repeats, [(images, classes, 1.0)])
    assert found.share <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / repeats) ** 0.5
    assert found.error == pytest.approx(found.expected, rel=0.35)


@pytest.mark.parametrize(("images", "least"), [(372, 0.8), (750, 0.95)])
def test_probabilities_that_are_too_sure_are_noticed(images, least):
    (found,) = simulate_calibration_test(60, [(images, 10, 0.6)])
    assert found.share >= least
