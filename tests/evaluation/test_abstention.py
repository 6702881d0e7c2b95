import numpy as np
import pytest

from onion_pipeline.evaluation.abstention import (
    UNREACHED,
    choose_threshold,
    measure_abstention,
    trace_risk,
)
from onion_pipeline.evaluation.intervals import wilson_interval

CONFIDENCE = np.array([0.9, 0.6, 0.8, 0.7, 0.5])
IS_RIGHT = np.array([True, False, True, False, True])


def test_the_curve_answers_the_surest_first():
    curve = trace_risk(CONFIDENCE, IS_RIGHT)
    np.testing.assert_allclose(curve.threshold, [0.9, 0.8, 0.7, 0.6, 0.5])
    np.testing.assert_allclose(curve.coverage, [0.2, 0.4, 0.6, 0.8, 1])
    np.testing.assert_allclose(curve.risk, [0, 0, 1 / 3, 1 / 2, 2 / 5])


def test_equally_sure_images_are_answered_together():
    curve = trace_risk(np.array([0.5, 0.9, 0.5, 0.5]), np.array([True, True, False, True]))
    np.testing.assert_allclose(curve.coverage, [0.25, 1, 1, 1])
    np.testing.assert_allclose(curve.risk, [0, 0.25, 0.25, 0.25])


@pytest.mark.parametrize(
    ("accuracy", "threshold"), [(0.9, 0.8), (0.66, 0.7), (0.6, 0.0), (0.2, 0.0)]
)
def test_as_many_are_answered_as_the_wanted_accuracy_allows(accuracy, threshold):
    assert choose_threshold(CONFIDENCE, IS_RIGHT, target_accuracy=accuracy) == threshold


@pytest.mark.parametrize(("coverage", "threshold"), [(0.4, 0.8), (0.41, 0.7), (0.99, 0.0)])
def test_so_many_are_answered_as_wanted(coverage, threshold):
    assert choose_threshold(CONFIDENCE, IS_RIGHT, target_coverage=coverage) == threshold


def test_without_a_wish_every_answer_counts():
    assert choose_threshold(CONFIDENCE, IS_RIGHT) is None
    assert measure_abstention(CONFIDENCE, IS_RIGHT, None, 0.95)["answered"] == 1


def test_an_accuracy_out_of_reach_leaves_no_answer():
    threshold = choose_threshold(CONFIDENCE, ~IS_RIGHT, target_accuracy=0.9)
    assert threshold == UNREACHED
    measured = measure_abstention(CONFIDENCE, IS_RIGHT, threshold, 0.95)
    assert measured["answered"] == 0
    assert "answered_accuracy" not in measured


def test_what_a_threshold_does_is_measured():
    measured = measure_abstention(CONFIDENCE, IS_RIGHT, 0.7, 0.95)
    assert measured == {
        "risk_coverage_area": pytest.approx((1 / 3 + 1 / 2 + 2 / 5) / 5),
        "answered": pytest.approx(0.6),
        "answered_accuracy": pytest.approx(2 / 3),
        "answered_accuracy_interval": wilson_interval(2, 3, 0.95).tolist(),
    }


def test_the_wanted_accuracy_holds_on_the_images_that_the_threshold_is_from():
    generator = np.random.default_rng(0)
    confidence = generator.random(2000)
    is_right = generator.random(2000) < 0.5 + confidence / 2
    for wanted in (0.8, 0.9, 0.95):
        threshold = choose_threshold(confidence, is_right, target_accuracy=wanted)
        answered = confidence >= threshold
        assert is_right[answered].mean() >= wanted
        one_more = confidence >= confidence[confidence < threshold].max()
        assert is_right[one_more].mean() < wanted
