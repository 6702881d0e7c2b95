import numpy as np
import pytest

from onion_pipeline.evaluation.conformal import (
    expect_coverage,
    find_conformal_threshold,
    form_prediction_sets,
    measure_sets,
)


def draw(count, seed):
    """Probabilities of a poor classifier of four classes, and labels that it cannot know."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, count)
    scores = generator.normal(0, 1, (count, 4)) + 1.5 * np.eye(4)[labels]
    shares = np.exp(scores)
    return labels, shares / shares.sum(axis=1, keepdims=True)


def test_the_threshold_is_the_probability_that_enough_right_classes_reach():
    shares = np.arange(1, 10) / 10
    probabilities = np.stack([shares, 1 - shares], axis=1)
    labels = np.zeros(9, np.int64)
    assert find_conformal_threshold(labels, probabilities, 0.9) == pytest.approx(0.1)
    assert find_conformal_threshold(labels, probabilities, 0.8) == pytest.approx(0.2)
    assert find_conformal_threshold(labels, probabilities, 0.5) == pytest.approx(0.5)


def test_too_few_images_give_sets_of_all_classes():
    labels, probabilities = draw(8, 0)
    assert find_conformal_threshold(labels, probabilities, 0.9) == 0
    assert form_prediction_sets(probabilities, 0).all()
    assert expect_coverage(0.9, 8, 50, 0.95) == (1, 1)


def test_the_likeliest_class_is_always_in_the_set():
    sets = form_prediction_sets(np.array([[0.4, 0.35, 0.25]]), 0.9)
    assert sets.tolist() == [[True, False, False]]


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_the_coverage_lies_in_its_interval_as_often_as_promised(coverage):
    inside, covered = 0, []
    for seed in range(150):
        labels, probabilities = draw(200, seed)
        threshold = find_conformal_threshold(labels, probabilities, coverage)
        found = measure_sets(*draw(150, 1000 + seed), threshold)["set_coverage"]
        low, high = expect_coverage(coverage, 200, 150, 0.95)
        inside += low <= found <= high
        covered.append(found)
    assert np.mean(covered) == pytest.approx(coverage, abs=0.02)
    assert inside >= 0.92 * 150


def test_sets_grow_with_the_coverage_that_is_promised():
    labels, probabilities = draw(400, 1)
    sizes = [
        measure_sets(
            labels, probabilities, find_conformal_threshold(labels, probabilities, coverage)
        )["set_size"]
        for coverage in (0.5, 0.8, 0.99)
    ]
    assert sizes == sorted(sizes)
    assert 1 <= sizes[0] < sizes[2] <= 4


def test_the_coverage_of_the_threshold_is_without_the_class_that_is_always_in():
    probabilities = np.array([[0.6, 0.4], [0.7, 0.3], [0.95, 0.05], [0.5, 0.5]])
    found = measure_sets(np.array([0, 1, 0, 0]), probabilities, 0.9)
    assert found["set_coverage"] == 0.75
    assert found["set_coverage_of_threshold"] == 0.25
    assert (found["set_size"], found["sets_of_several"]) == (1, 0)
    assert measure_sets(np.zeros(4, int), probabilities, 0.4)["sets_of_several"] == 0.5
