import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.predictions import tabulate_probabilities
from onion_pipeline.evaluation.robustness import tabulate_robustness
from onion_pipeline.evaluation.trust_figures import (
    draw_corruptions,
    plot_reliability,
    plot_risk_coverage,
    plot_robustness,
)

LABELS = np.array([0, 1, 1, 0])


def test_the_reliability_diagram_shows_bins_with_their_intervals(base_parameters):
    answers = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    probabilities, truth = np.repeat(answers, 50, axis=0), np.repeat(LABELS, 50)
    names = ["a", "b"]
    paths = [str(number) for number in range(200)]
    table = tabulate_probabilities(probabilities, paths, np.take(names, truth), names)
    calibration = {"temperature": 2.0, "shifts": [0, 0]}
    figure = plot_reliability(table, names, calibration, base_parameters.evaluate)
    diagonal, before, calibrated = figure.data
    assert (list(diagonal.x), list(diagonal.y)) == ([0, 1], [0, 1])
    assert list(calibrated.x) == pytest.approx([0.6, 0.7, 0.8, 0.9])
    assert list(calibrated.y) == [0, 1, 1, 1]
    assert (calibrated.y + calibrated.error_y.array <= 1).all()
    assert (calibrated.y - calibrated.error_y.arrayminus >= 0).all()
    assert (np.array(before.x) > calibrated.x).all()  # without its temperature it is surer


@pytest.mark.parametrize(("threshold", "lines"), [(0.7, 1), (None, 0)])
def test_the_risk_coverage_curve_marks_the_threshold(threshold, lines):
    predictions = pd.DataFrame(
        {"label": ["a", "b", "b"], "predicted": ["a", "a", "b"], "confidence": [0.9, 0.6, 0.8]}
    )
    figure = plot_risk_coverage(predictions, {"confidence_threshold": threshold})
    (curve,) = figure.data
    assert list(curve.y) == pytest.approx([0, 0, 1 / 3])
    assert [line.x0 for line in figure.layout.shapes] == pytest.approx([2 / 3] * lines)


def test_a_curve_begins_at_the_pictures_as_they_are():
    answers = [("fog", "weather", 1, LABELS), ("fog", "weather", 2, 1 - LABELS)]
    (fog,) = plot_robustness(tabulate_robustness(LABELS, np.array([0, 1, 1, 1]), answers)).data
    assert list(fog.x) == [0, 1, 2]
    assert list(fog.y) == [0.75, 1, 0]


def test_without_a_damaged_picture_there_is_no_curve():
    nothing = np.zeros(0, np.int64)
    assert len(plot_robustness(tabulate_robustness(nothing, nothing, [])).data) == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sheet_has_a_row_for_each_corruption(channels):
    pictures = np.zeros((2, 6, 8, 9, channels), np.uint8)
    (axes,) = draw_corruptions(pictures, ["glass_blur", "fog"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["glass blur", "fog"]
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["as it is", "1"]
