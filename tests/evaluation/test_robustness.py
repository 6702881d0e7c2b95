import numpy as np
import pytest

from onion_pipeline.evaluation.robustness import measure_robustness, tabulate_robustness

LABELS = np.array([0, 1, 1, 0])


@pytest.fixture
def table():
    damaged = [
        ("fog", "weather", 1, np.array([0, 1, 1, 1])),
        ("fog", "weather", 2, np.array([1, 0, 1, 1])),
        ("noise", "noise", 1, np.array([0, 1, 1, 0])),
        ("noise", "noise", 2, np.array([0, 1, 0, 1])),
    ]
    return tabulate_robustness(LABELS, np.array([0, 1, 1, 1]), damaged)


def test_the_table_has_the_accuracy_of_each_corruption_and_severity(table):
    assert table["accuracy"].tolist() == [0.75, 0.25, 1, 0.5]
    assert table["error"].tolist() == [0.25, 0.75, 0, 0.5]
    assert set(table["clean_accuracy"]) == {0.75}
    assert set(table["images"]) == {4}


def test_the_mean_corruption_error_is_over_corruptions_and_severities(table):
    assert measure_robustness(table) == {
        "mean_corruption_error": pytest.approx(0.375),
        "corruption_error_added": pytest.approx(0.125),
        "worst_corruption_accuracy": pytest.approx(0.5),
    }


def test_without_a_damaged_picture_there_is_no_figure():
    nothing = np.zeros(0, np.int64)
    table = tabulate_robustness(nothing, nothing, [])
    assert measure_robustness(table) == {}
