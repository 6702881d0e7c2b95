"""How far to trust a classifier, as figures: its confidence, and damaged pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onion_pipeline.annotations import DataFrame, ImageFigure, Pixels, PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, GAP, INK, make_figure, tile_images
from onion_pipeline.evaluation.abstention import trace_risk
from onion_pipeline.evaluation.calibration import undo_calibration
from onion_pipeline.evaluation.calibration_error import bin_confidences, calibration_error
from onion_pipeline.evaluation.intervals import wilson_interval
from onion_pipeline.evaluation.predictions import read_predictions
from onion_pipeline.parameters import EvaluateParameters

SIDE = 560
FAINT = "#8a8078"
MOST_POINTS = 2000  # of a curve
COLORS = {"noise": "#7a5195", "blur": "#2f6f9f", "weather": "#3d8a5f", "digital": ACCENT}


def plot_reliability(
    test_predictions: DataFrame,
    class_names: list[str],
    calibration: dict[str, Any],
    parameters: EvaluateParameters,
) -> PlotlyFigure:
    """Show how often answers of each confidence are right, before and after calibration.

    Each point is a bin of as many images, with its Wilson interval; on the diagonal, confidence is
    what it says.
    """
    from plotly import graph_objects

    labels, probabilities = read_predictions(test_predictions, class_names)
    temperature = calibration["temperature"]
    figure = graph_objects.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "gray"}, hoverinfo="skip",
        name="as sure as right",
    )  # fmt: skip
    least = 1.0
    before = undo_calibration(probabilities, temperature, calibration["shifts"])
    for title, shares, color in (("before", before, FAINT), ("calibrated", probabilities, ACCENT)):
        images, confidence, right = bin_confidences(labels, shares)
        share = right / images
        low, high = wilson_interval(right, images, parameters.confidence_level).T
        least = min(least, *confidence, *share)
        figure.add_scatter(
            x=confidence,
            y=share,
            error_y={"array": high - share, "arrayminus": share - low, "thickness": 1, "width": 3},
            customdata=np.stack([right, images], axis=1),
            mode="lines+markers",
            name=f"{title}, error {calibration_error(labels, shares):.3f}",
            line={"color": color, "width": 1},
            marker={"size": 8},
            hovertemplate="%{customdata[0]} of %{customdata[1]} right at %{x:.2%}<extra></extra>",
        )
    # A good classifier needs no more than the end of the axes.
    span = [max(-0.02, least - 0.15), 1.02]
    figure.update_layout(
        template="plotly_white",
        title=f"Reliability of the test answers (temperature {temperature:.2f})",
        width=SIDE + 220,
        height=SIDE,
        font={"color": INK},
        xaxis={"title": "confidence, mean of a bin", "tickformat": ".0%", "range": span},
        yaxis={"title": "right answers in the bin", "tickformat": ".0%", "range": span},
    )
    return figure


def plot_risk_coverage(
    test_predictions: DataFrame, operating_point: dict[str, Any]
) -> PlotlyFigure:
    """Show the mistakes left when only the surest answers count: the risk-coverage curve.

    The threshold of the operating point, if it has one, is marked.
    """
    from plotly import graph_objects

    confidence = test_predictions["confidence"].to_numpy()
    is_right = (test_predictions["label"] == test_predictions["predicted"]).to_numpy()
    threshold = operating_point["confidence_threshold"]
    curve = trace_risk(confidence, is_right)
    shown = np.unique(np.linspace(0, len(is_right) - 1, MOST_POINTS).round().astype(int))
    figure = graph_objects.Figure()
    figure.add_scatter(
        x=curve.coverage[shown],
        y=curve.risk[shown],
        customdata=curve.threshold[shown],
        mode="lines",
        line={"color": ACCENT, "shape": "hv"},
        hovertemplate="%{x:.1%} answered from confidence %{customdata:.4f} on: "
        "%{y:.2%} mistakes<extra></extra>",
    )
    if threshold is not None:
        figure.add_vline(
            x=float((confidence >= threshold).mean()),
            line={"dash": "dot", "color": "gray"},
            annotation_text=f"answers count from confidence {threshold:.3f} on",
            annotation_position="top left",
        )
    figure.update_layout(
        template="plotly_white",
        title=f"Mistakes when only the surest answers count (area {curve.risk.mean():.4f})",
        width=SIDE + 220,
        height=SIDE - 100,
        font={"color": INK},
        showlegend=False,
        xaxis={"title": "answered", "tickformat": ".0%", "range": [0, 1.01]},
        yaxis={"title": "mistakes among the answers", "tickformat": ".1%", "rangemode": "tozero"},
    )
    return figure


def plot_robustness(robustness: DataFrame) -> PlotlyFigure:
    """Show what accuracy is left when pictures are damaged."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    for name, rows in robustness.groupby("corruption", sort=False):
        figure.add_scatter(
            x=[0, *rows["severity"]],
            y=[rows["clean_accuracy"].iloc[0], *rows["accuracy"]],
            name=str(name).replace("_", " "),
            mode="lines+markers",
            line={"color": COLORS[rows["category"].iloc[0]]},
            marker={"symbol": len(figure.data), "size": 8},
            hovertemplate="%{fullData.name}, severity %{x}: %{y:.1%}<extra></extra>",
        )
    figure.update_layout(
        template="plotly_white",
        title=f"Accuracy when pictures are damaged ({robustness['images'].max()} test images)",
        font={"color": INK},
        xaxis={"title": "severity (0: as they are)", "dtick": 1},
        yaxis={"title": "accuracy", "tickformat": ".0%"},
    )
    return figure


def draw_corruptions(pictures: Pixels, names: Sequence[str]) -> ImageFigure:
    """Return one picture under each corruption: a row for each, a column for each severity.

    The `pictures` are uint8, (R, 1 + severities, H, W, C), in each row the one as it is first.
    """
    rows, columns, *shape = pictures.shape
    sheet = np.asarray(tile_images(pictures.reshape(-1, *shape), columns))
    height, width = (side + GAP for side in shape[:2])
    figure = make_figure(1.7 + columns, 0.6 + rows)
    axes = figure.subplots()
    axes.imshow(sheet, cmap="gray" if sheet.ndim == 2 else None, vmin=0, vmax=255)  # noqa: PLR2004
    shown = [name.replace("_", " ") for name in names]
    severities = ["as it is", *map(str, range(1, columns))]
    axes.set_xticks(width * (np.arange(columns) + 0.5), severities, color=INK)
    axes.set_yticks(height * (np.arange(rows) + 0.5), shown, color=INK)
    axes.set_anchor("E")  # the room that its proportions leave is for the names
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure
