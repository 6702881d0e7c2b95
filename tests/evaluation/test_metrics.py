import json

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from onion_pipeline.evaluation import metrics

IDS = range(4)


@pytest.fixture(params=["any", "never predicted", "never true"])
def drawn(request):
    """True ids and probabilities at random; class 3 may never be predicted or never be true."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3 if request.param == "never true" else 4, 200)
    probabilities = generator.dirichlet(np.ones(4), 200) + 0.4 * np.eye(4)[truth]
    if request.param == "never predicted":
        probabilities[:, 3] = probabilities.min(axis=1) / 2
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.fixture
def predictions(make_predictions, drawn):
    return make_predictions(*drawn)


def test_the_confusion_matrix_is_that_of_scikit_learn(drawn, predictions, class_names):
    truth, probabilities = drawn
    expected = sklearn_metrics.confusion_matrix(truth, probabilities.argmax(axis=1), labels=IDS)
    np.testing.assert_array_equal(metrics.confusion_matrix(predictions, class_names), expected)


def test_rows_of_the_confusion_matrix_are_the_truth(make_predictions, class_names):
    predictions = make_predictions([0, 0, 2], np.eye(4)[[1, 1, 2]])
    matrix = metrics.confusion_matrix(predictions, class_names)
    assert (matrix[0, 1], matrix[2, 2], matrix.sum()) == (2, 1, 3)


def test_the_report_of_classes_is_that_of_scikit_learn(drawn, predictions, class_names):
    truth, probabilities = drawn
    expected = sklearn_metrics.precision_recall_fscore_support(
        truth, probabilities.argmax(axis=1), labels=IDS, zero_division=0
    )
    report = metrics.report_classes(predictions, class_names)
    assert report["class"].tolist() == class_names
    np.testing.assert_allclose(report[["precision", "recall", "f1", "support"]].T, expected)


def test_the_log_loss_is_that_of_scikit_learn(drawn):
    expected = sklearn_metrics.log_loss(*drawn, labels=IDS)
    assert metrics.log_loss(*drawn) == pytest.approx(expected)


def test_one_certain_mistake_does_not_make_the_log_loss_infinite():
    found = metrics.log_loss(np.array([0]), np.array([[0.0, 1.0]]))
    assert found == pytest.approx(-np.log(metrics.SMALLEST_PROBABILITY))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_top_k_accuracy_is_that_of_scikit_learn(drawn, k):
    expected = sklearn_metrics.top_k_accuracy_score(*drawn, k=k, labels=IDS)
    assert metrics.top_k_accuracy(*drawn, k) == pytest.approx(expected)


def test_ties_go_to_the_class_with_the_smaller_id():
    uniform = np.full((4, 4), 0.25)
    assert metrics.top_k_accuracy(np.arange(4), uniform, 2) == 0.5
    assert metrics.top_k_accuracy(np.array([0, 1]), uniform[:2], 2) == 1


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
    found = metrics.wilson_interval(successes, trials, 0.95)
    assert found == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("trials", [1, 7, 20, 10_000])
def test_wilson_intervals_mirror_and_stay_within_zero_and_one(trials):
    low, high = metrics.wilson_interval(trials, trials, 0.95)
    assert 0 < low < high <= 1
    assert high == pytest.approx(1)
    assert metrics.wilson_interval(0, trials, 0.95) == pytest.approx((1 - high, 1 - low))


def test_more_confidence_widens_the_interval():
    narrow, wide = (metrics.wilson_interval(81, 263, level) for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < 81 / 263 < narrow[1] < wide[1]


def test_the_metrics_are_the_documented_ones(drawn, predictions, class_names):
    truth, probabilities = drawn
    predicted = probabilities.argmax(axis=1)
    right = int((predicted == truth).sum())
    f1 = sklearn_metrics.f1_score(truth, predicted, labels=IDS, average="macro", zero_division=0)
    assert metrics.compute_metrics(predictions, class_names, 0.9, 2) == {
        "accuracy": right / len(truth),
        "accuracy_interval": list(metrics.wilson_interval(right, len(truth), 0.9)),
        "macro_f1": pytest.approx(f1),
        "log_loss": pytest.approx(metrics.log_loss(truth, probabilities)),
        "test_images": len(truth),
        "top_2_accuracy": pytest.approx(metrics.top_k_accuracy(truth, probabilities, 2)),
    }


def test_the_metrics_are_plain_numbers(predictions, class_names):
    found = metrics.compute_metrics(predictions, class_names, 0.95, 3)
    low_and_high = found.pop("accuracy_interval")
    assert {type(value) for value in [*found.values(), *low_and_high]} == {int, float}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(("top_k", "reported"), [(2, True), (3, True), (4, False), (9, False)])
def test_a_top_k_of_all_classes_is_left_out(predictions, class_names, top_k, reported):
    found = metrics.compute_metrics(predictions, class_names, 0.95, top_k)
    assert (f"top_{top_k}_accuracy" in found) is reported
