import json

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from onion_pipeline.evaluation import metrics
from onion_pipeline.evaluation.intervals import class_intervals, wilson_interval
from onion_pipeline.evaluation.macro_f1 import macro_f1_interval
from onion_pipeline.evaluation.predictions import find_ids

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
    np.testing.assert_array_equal(metrics.count_confusions(predictions, class_names), expected)


def test_rows_of_the_confusion_matrix_are_the_truth(make_predictions, class_names):
    predictions = make_predictions([0, 0, 2], np.eye(4)[[1, 1, 2]])
    matrix = metrics.count_confusions(predictions, class_names)
    assert (matrix[0, 1], matrix[2, 2], matrix.sum()) == (2, 1, 3)


def test_the_report_of_classes_is_that_of_scikit_learn(drawn, predictions, class_names):
    truth, probabilities = drawn
    expected = sklearn_metrics.precision_recall_fscore_support(
        truth, probabilities.argmax(axis=1), labels=IDS, zero_division=np.nan
    )
    expected = np.array(expected)
    expected[:3, expected[3] == 0] = np.nan  # of a class without an image nothing is known
    report = metrics.tabulate_classes(predictions, class_names, 0.95)
    assert report["class"].tolist() == class_names
    np.testing.assert_allclose(report[["precision", "recall", "f1", "support"]].T, expected)


def test_of_a_class_without_test_images_there_is_no_figure(make_predictions, class_names):
    predictions = make_predictions([0, 1, 1, 2], np.eye(4)[[0, 1, 3, 2]])
    report = metrics.tabulate_classes(predictions, class_names, 0.95).set_index("class")
    assert report.loc["dog"].dropna().to_dict() == {"support": 0, "is_weakest": False}
    assert report.drop("dog").notna().all(axis=None)
    found = metrics.measure_predictions(predictions, class_names, 0.95, 2)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 1) / 3)


def test_a_class_that_was_never_predicted_has_no_precision_but_f1_0(make_predictions, class_names):
    predictions = make_predictions([0, 1, 2, 3], np.eye(4)[[0, 1, 2, 2]])
    row = metrics.tabulate_classes(predictions, class_names, 0.95).set_index("class").loc["dog"]
    assert row[row.isna()].index.tolist() == ["precision", "precision_low", "precision_high"]
    assert (row["recall"], row["f1"]) == (0, 0)
    found = metrics.measure_predictions(predictions, class_names, 0.95, 2)
    assert found["macro_f1"] == pytest.approx((1 + 1 + 2 / 3 + 0) / 4)


def test_the_report_of_classes_has_their_intervals(predictions, class_names):
    report = metrics.tabulate_classes(predictions, class_names, 0.8)
    expected = class_intervals(metrics.count_confusions(predictions, class_names), 0.8)
    for name in ("precision", "recall", "f1"):
        known = report[name].notna()
        bounds = report[[f"{name}_low", f"{name}_high"]]
        np.testing.assert_array_equal(bounds[known], expected[name][known])
        assert bounds[~known].isna().all(axis=None)
        assert (report[f"{name}_low"] <= report[name] + 1e-12)[known].all()


def test_the_log_loss_is_that_of_scikit_learn(drawn):
    expected = sklearn_metrics.log_loss(*drawn, labels=IDS)
    assert metrics.log_loss(*drawn) == pytest.approx(expected)


def test_one_certain_mistake_does_not_make_the_log_loss_infinite():
    found = metrics.log_loss(np.array([0]), np.array([[0.0, 1.0]]))
    assert found == pytest.approx(-np.log(metrics.SMALLEST_PROBABILITY))


def test_the_metrics_are_the_documented_ones(drawn, predictions, class_names):
    truth, probabilities = drawn
    predicted = probabilities.argmax(axis=1)
    right = int((predicted == truth).sum())
    f1 = sklearn_metrics.f1_score(truth, predicted, labels=np.unique(truth), average="macro")
    assert metrics.measure_predictions(predictions, class_names, 0.9, 2) == {
        "accuracy": right / len(truth),
        "accuracy_interval": wilson_interval(right, len(truth), 0.9).tolist(),
        "macro_f1": pytest.approx(f1),
        "macro_f1_interval": list(
            macro_f1_interval(truth, find_ids(predictions["predicted"], class_names), 4, 0.9)
        ),
        "log_loss": pytest.approx(metrics.log_loss(truth, probabilities)),
        "test_images": len(truth),
        "top_2_accuracy": pytest.approx(
            np.mean(np.argsort(-probabilities)[:, :2] == truth[:, None]) * 2
        ),
    }


def test_the_metrics_are_plain_numbers(predictions, class_names):
    found = metrics.measure_predictions(predictions, class_names, 0.95, 3)
    low_and_high = [*found.pop("accuracy_interval"), *found.pop("macro_f1_interval")]
    assert {type(value) for value in [*found.values(), *low_and_high]} == {int, float}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(("top_k", "reported"), [(2, True), (3, True), (4, False), (9, False)])
def test_a_top_k_of_all_classes_is_left_out(predictions, class_names, top_k, reported):
    found = metrics.measure_predictions(predictions, class_names, 0.95, top_k)
    assert (f"top_{top_k}_accuracy" in found) is reported
