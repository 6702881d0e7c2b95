import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson_binom

from onion_pipeline.evaluation.calibration import calibrate_probabilities
from onion_pipeline.evaluation.frequencies import (
    compare_frequencies,
    count_training,
    find_shifts,
    measure_frequencies,
    shift_probabilities,
)
from onion_pipeline.evaluation.metrics import log_loss

COUNTS = np.array([400, 60, 20])


def draw_labels(shares, seed=0):
    points = np.random.default_rng(seed).random((len(shares), 1))
    return (shares.cumsum(axis=1) < points).sum(axis=1).clip(max=shares.shape[1] - 1)


@pytest.fixture(scope="module")
def honest():
    """Calibrated probabilities of three classes as uneven as `COUNTS`."""
    scores = np.random.default_rng(0).normal(0, 1.5, (2000, 3)) + np.log(COUNTS)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def test_the_frequencies_of_training_are_put_back(honest):
    """A network that was trained with weights by class gives `p / frequency`, scaled to 1."""
    uniform = honest / COUNTS
    uniform = (uniform / uniform.sum(axis=1, keepdims=True)).astype(np.float32)
    shifted = shift_probabilities(uniform, find_shifts(COUNTS, True, "training"))
    np.testing.assert_allclose(shifted, honest, atol=1e-6)
    back = shift_probabilities(honest, find_shifts(COUNTS, False, "uniform"))
    np.testing.assert_allclose(back, uniform, atol=1e-6)


@pytest.mark.parametrize(
    ("counts", "is_weighted", "wanted"),
    [
        (COUNTS, True, "uniform"),
        (COUNTS, False, "training"),
        ([7, 7, 7], True, "training"),
        ([350] * 10, False, "uniform"),
    ],
)
def test_what_answers_as_is_wanted_stays_as_it_is(counts, is_weighted, wanted):
    assert find_shifts(np.array(counts), is_weighted, wanted).tolist() == [0] * len(counts)


def test_images_for_training_are_counted_by_class():
    splits = pd.DataFrame({"label": list("aabba"), "split": ["train"] * 3 + ["test", "train"]})
    assert count_training(splits, ["a", "b", "c"]).tolist() == [3, 1, 0]


def test_sums_that_are_right_are_not_doubted_and_others_are(honest):
    truth, apart = draw_labels(honest), np.arange(2000)
    right = compare_frequencies(truth, honest, apart)
    assert right.expected == pytest.approx(honest.sum(axis=0))
    assert right.p_values.min() > 0.05
    uniform = honest / COUNTS / (honest / COUNTS).sum(axis=1, keepdims=True)
    wrong = compare_frequencies(truth, uniform, apart)
    assert wrong.p_values.max() < 1e-6
    figures = measure_frequencies(truth, wrong)
    gap = np.abs(np.bincount(truth) - uniform.sum(axis=0)).sum() / 2 / 2000
    assert figures == {
        "class_frequency_error": pytest.approx(gap),
        "class_frequency_p_value": wrong.p_values.min(),
    }


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_the_tails_are_those_of_the_poisson_binomial_distribution(count):
    shares = np.random.default_rng(1).beta(0.2, 6, 80)  # 2.6 to be expected
    both = np.stack([shares, 1 - shares], axis=1)
    truth = np.where(np.arange(80) < count, 0, 1)
    exact = poisson_binom(shares)
    expected = min(1, 2 * min(exact.cdf(count), exact.sf(count - 1)))
    (found, _) = compare_frequencies(truth, both, np.arange(80)).p_values / 2  # of two classes
    assert min(1, 2 * found) / 2 == pytest.approx(min(1, 2 * expected) / 2, abs=0.02)


def test_what_belongs_together_counts_once(honest):
    """Ten copies of each picture say no more than one."""
    truth, chosen = draw_labels(honest[:200]), np.repeat(np.arange(200), 10)
    shifted = shift_probabilities(honest[:200], np.array([-1.0, 0, 0]))
    once = compare_frequencies(truth, shifted, np.arange(200))
    alone = compare_frequencies(truth[chosen], shifted[chosen], np.arange(2000))
    together = compare_frequencies(truth[chosen], shifted[chosen], chosen)
    assert alone.p_values.min() < 1e-4 * together.p_values.min()
    assert together.p_values.min() == pytest.approx(once.p_values.min(), rel=0.9)


def test_probabilities_of_0_and_1_are_no_trouble():
    sure = np.eye(3)[[0, 1, 2, 2]]
    assert compare_frequencies(np.array([0, 1, 2, 2]), sure, np.arange(4)).p_values.min() == 1
    assert compare_frequencies(np.array([0, 1, 2, 1]), sure, np.arange(4)).p_values.min() < 1e-6


def test_a_network_of_even_training_answers_for_uneven_classes(keras):
    """The weights of a served network hold the correction: the log loss is that of the truth."""
    image = keras.Input((2, 2, 1), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(image)
    scores = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(scaled))
    model = keras.Model(image, scores)
    generator = np.random.default_rng(0)
    kernel = generator.normal(0, 2, (4, 3)).astype(np.float32)
    images = generator.integers(0, 256, (3000, 2, 2, 1), dtype=np.uint8)
    model.layers[-1].set_weights([kernel, np.zeros(3, np.float32)])
    raw = model.predict_on_batch(images)
    truth = shift_probabilities(raw, np.log(COUNTS / COUNTS.mean()))
    labels = draw_labels(truth)
    shifts = find_shifts(COUNTS, True, "training")
    _, found, answers = calibrate_probabilities(model, images, labels, shifts)
    assert found["temperature"] == pytest.approx(1, abs=0.15)
    best = log_loss(labels, truth.astype(np.float64))
    assert log_loss(labels, answers.astype(np.float64)) == pytest.approx(best, abs=0.003)
    _, found, _ = calibrate_probabilities(model, images, labels)
    assert found["validation_log_loss"] > 1.3 * best
