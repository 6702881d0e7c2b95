import numpy as np
import pytest

from onion_pipeline.evaluation.robustness import (
    choose_pictures,
    draw_corruptions,
    measure_robustness,
    plot_robustness,
    tabulate_robustness,
)

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
    assert len(plot_robustness(table).data) == 0


def test_a_curve_begins_at_the_pictures_as_they_are(table):
    fog, _ = plot_robustness(table).data
    assert list(fog.x) == [0, 1, 2]
    assert list(fog.y) == [0.75, 0.75, 0.25]


def test_pictures_are_of_all_classes_alike():
    labels = np.array([0] * 90 + [1] * 5 + [2] * 5)
    rows = choose_pictures(labels, 9, seed=0)
    assert np.bincount(labels[rows]).tolist() == [3, 3, 3]
    assert sorted(set(rows)) == rows.tolist()
    assert np.bincount(labels[choose_pictures(labels, 20, 0)]).tolist() == [10, 5, 5]
    assert len(choose_pictures(labels, 1000, 0)) == 100
    assert len(choose_pictures(labels, 0, 0)) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sheet_has_a_row_for_each_corruption(channels):
    pictures = np.zeros((6, 8, 9, channels), np.uint8)
    (axes,) = draw_corruptions([("glass_blur", pictures), ("fog", pictures)]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["glass blur", "fog"]
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["as it is", "1"]
