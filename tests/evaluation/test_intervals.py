from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from onion_pipeline.evaluation import intervals
from onion_pipeline.evaluation.intervals import (
    class_intervals,
    resample_macro_f1,
    wilson_interval,
)
from onion_pipeline.evaluation.macro_f1 import macro_f1_interval

# Labels and predicted classes of the 10,000 test images of Fashion-MNIST, uint8, from
# kedro run --params images=fashion-mnist,train.epochs=2,augment.copies=1,augment.keep=false
STORED = Path(__file__).with_name("fashion_mnist_predictions.npz")


def count(truth, predicted, classes=10):
    cells = truth.astype(np.int64) * classes + predicted
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def score(truth, predicted):
    return f1_score(truth, predicted, average="macro", zero_division=0)


@pytest.fixture(scope="module")
def stored():
    with np.load(STORED, allow_pickle=False) as file:
        return file["label"], file["predicted"]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_the_published_ones(successes, trials, low, high):
    assert wilson_interval(successes, trials, 0.95) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("trials", [1, 7, 20, 10_000])
def test_wilson_intervals_mirror_and_stay_within_zero_and_one(trials):
    low, high = wilson_interval(trials, trials, 0.95)
    assert 0 < low < high <= 1
    assert high == pytest.approx(1)
    assert wilson_interval(0, trials, 0.95) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_wilson_intervals_are_those_of_scipy(level):
    successes, trials = (
        np.array([[0, 3, 81], [1, 7, 9900]]),
        np.array([[4, 3, 263], [1, 9, 10_000]]),
    )
    found = wilson_interval(successes, trials, level)
    assert found.shape == (2, 3, 2)
    for row in np.ndindex(2, 3):
        test = binomtest(int(successes[row]), int(trials[row]))
        expected = test.proportion_ci(level, method="wilson")
        np.testing.assert_allclose(found[row], (expected.low, expected.high), atol=1e-15)


def test_more_confidence_widens_the_interval():
    narrow, wide = (wilson_interval(81, 263, level) for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < 81 / 263 < narrow[1] < wide[1]


def test_of_a_proportion_without_a_trial_nothing_is_known():
    assert wilson_interval(0, 0, 0.95).tolist() == [0, 1]


@pytest.mark.slow
def test_of_1000_draws_of_500_predictions_the_intervals_hold_the_figures_of_all(stored):
    truth, predicted = stored
    accuracy, macro_f1 = (truth == predicted).mean(), score(truth, predicted)
    held = np.zeros(2)
    for seed in range(1000):
        drawn = np.random.default_rng(seed).choice(len(truth), 500, replace=False)
        matrix = count(truth[drawn], predicted[drawn])
        low, high = wilson_interval(int(matrix.trace()), 500, 0.95)
        answers = (each[drawn].astype(np.int64) for each in stored)
        lower, upper = macro_f1_interval(*answers, 10, 0.95)
        held += [low <= accuracy <= high, lower <= macro_f1 <= upper]
    assert (held >= 930).all()
    assert (held <= 970).all()


def test_the_resampled_macro_f1_is_that_of_scikit_learn_on_images_drawn_one_by_one(stored):
    truth, predicted = (each[:300].astype(np.int64) for each in stored)
    rows = np.random.default_rng(0).integers(0, 300, (400, 300))
    scores = [f1_score(truth[r], predicted[r], average="macro", labels=range(10)) for r in rows]
    kinds, counts = np.unique(np.stack([truth, predicted]), axis=1, return_counts=True)
    (found,) = resample_macro_f1(kinds, counts, 10, seed=0, draws=2000)
    tails = [0.025, 0.975]
    assert np.quantile(found, tails) == pytest.approx(np.quantile(scores, tails), abs=0.01)


def test_the_bootstrap_is_the_same_however_it_is_cut_into_chunks(stored, monkeypatch):
    truth, predicted = (each[:300].astype(np.int64) for each in stored)
    kinds, counts = np.unique(np.stack([truth, predicted]), axis=1, return_counts=True)
    whole = resample_macro_f1(kinds, counts, 10, seed=0, draws=50)
    monkeypatch.setattr(intervals, "CHUNK", 1)
    np.testing.assert_array_equal(resample_macro_f1(kinds, counts, 10, seed=0, draws=50), whole)


def test_macro_f1_is_the_mean_over_the_classes_that_have_images():
    kinds, counts = np.array([[0, 0, 1], [0, 2, 2]]), np.array([3, 1, 2])
    found = resample_macro_f1(kinds, counts, 3, seed=0, draws=5)
    assert found.shape == (1, 6)
    assert found[0, 0] == pytest.approx((6 / 7 + 0) / 2)


def test_a_class_without_a_mistake_is_not_certain():
    found = class_intervals(np.diag([10, 40]), 0.95)
    for bounds in found.values():
        np.testing.assert_allclose(bounds[:, 1], 1)
        assert bounds[0, 0] < bounds[1, 0] < 1
    np.testing.assert_allclose(found["recall"][0], wilson_interval(10, 10, 0.95))


def test_the_intervals_of_classes_hold_their_figures(stored):
    matrix = count(*stored)
    found = class_intervals(matrix, 0.95)
    hits = matrix.diagonal()
    expected = {
        "precision": hits / matrix.sum(axis=0),
        "recall": hits / matrix.sum(axis=1),
        "f1": f1_score(*stored, average=None),
    }
    for name, figures in expected.items():
        assert (found[name][:, 0] < figures).all()
        assert (figures < found[name][:, 1]).all()


def test_of_a_class_that_is_neither_true_nor_predicted_nothing_is_known():
    found = class_intervals(np.diag([5, 0]), 0.95)
    assert [tuple(bounds[1]) for bounds in found.values()] == [(0, 1)] * 3


def test_an_interval_says_all_of_classes_and_shares_without_a_mistake():
    for trials in (3, 5, 9, 44, 10_000):
        assert wilson_interval(trials, trials, 0.95)[1] == 1
        assert wilson_interval(0, trials, 0.95)[0] == 0
