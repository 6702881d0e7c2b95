import numpy as np
import pytest

from onion_pipeline.evaluation import calibration_error as module
from onion_pipeline.evaluation.calibration import apply_temperature
from onion_pipeline.evaluation.calibration_error import (
    bin_confidences,
    calibration_error,
    compare_with_chance,
)


def soften(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def draw(images, classes=5, seed=0):
    """Return calibrated probabilities, and labels that come as often as they say."""
    generator = np.random.default_rng(seed)
    shares = soften(generator.normal(0, 2, (images, classes)))
    points = generator.random((images, 1))
    labels = (shares.cumsum(axis=1) < points).sum(axis=1).clip(max=classes - 1)
    return labels, shares


@pytest.fixture(scope="module")
def honest():
    return draw(4000)


def test_the_calibration_error_of_honest_probabilities_is_small(honest):
    labels, probabilities = honest
    assert calibration_error(labels, probabilities) < 0.03
    assert calibration_error(labels, apply_temperature(probabilities, 0.3)) > 0.1


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])
    labels = np.array([0, 1, 0, 0])
    images, confidence, right = bin_confidences(labels, probabilities, 2)
    assert images.tolist() == [2, 2]
    assert confidence == pytest.approx([0.6, 0.85])
    assert right.tolist() == [2, 1]
    assert calibration_error(labels, probabilities, 2) == pytest.approx((0.4 + 0.35) / 2)


def test_bins_hold_as_many_images_each_and_are_no_more_than_these(honest):
    sizes, _, _ = bin_confidences(*honest, 7)
    assert (len(sizes), sizes.sum()) == (7, 4000)
    assert np.ptp(sizes) <= 1
    alone = bin_confidences(np.array([0]), np.array([[1.0, 0.0]]))
    assert [each.tolist() for each in alone] == [[1], [1.0], [1]]


def test_few_images_have_few_bins():
    for images, bins in ((30, 1), (100, 2), (372, 7), (750, 15), (4000, 15)):
        sizes, _, _ = bin_confidences(*draw(images))
        assert (len(sizes), sizes.sum()) == (bins, images)


def test_right_probabilities_have_the_error_that_chance_makes(honest):
    found = compare_with_chance(*honest)
    assert found.error == calibration_error(*honest)
    assert found.error == pytest.approx(found.expected, rel=0.7)
    assert found.p_value > 0.05


def test_wrong_probabilities_have_a_larger_error(honest):
    labels, probabilities = honest
    found = compare_with_chance(labels, apply_temperature(probabilities, 0.5))
    assert found.error > 3 * found.expected
    assert found.p_value == 1 / 1000


def test_a_perfect_classifier_is_as_sure_as_it_is_right():
    found = compare_with_chance(np.zeros(80, int), np.tile([1.0, 0.0], (80, 1)))
    assert found == (0, 0, 1)


def test_the_draws_are_the_same_however_they_are_cut_into_chunks(honest, monkeypatch):
    whole = compare_with_chance(*honest)
    monkeypatch.setattr(module, "CHUNK", 40_000)
    assert compare_with_chance(*honest) == whole
