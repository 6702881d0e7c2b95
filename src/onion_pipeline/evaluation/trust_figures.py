"""How far to trust a classifier's confidence, as figures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, INK
from onion_pipeline.evaluation.abstention import trace_risk
from onion_pipeline.evaluation.calibration import (
    Bin,
    bin_confidences,
    calibration_error,
    heat,
)
from onion_pipeline.evaluation.intervals import wilson_interval

SIDE = 560
FAINT = "#8a8078"
MOST_POINTS = 2000  # of a curve


def plot_reliability(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    temperature: float,
    confidence_level: float,
) -> PlotlyFigure:
    """Return the reliability diagram: how often answers of each confidence are right.

    Each point is a bin of as many images; on the diagonal, confidence is what it says.

    Args:
        labels: int64, (N,).
        probabilities: (N, K), of a model with the temperature in it.
        temperature: that was fitted; the diagram shows what it changed.
        confidence_level: of the bars, Wilson intervals of the shares.
    """
    from plotly import graph_objects

    before = heat(probabilities, 1 / temperature)
    bins = {"before": bin_confidences(labels, before)}
    bins["calibrated"] = bin_confidences(labels, probabilities)
    span = _find_span([each for found in bins.values() for each in found])
    figure = graph_objects.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "gray"}, hoverinfo="skip",
        name="as sure as right",
    )  # fmt: skip
    for title, shares, color in (("before", before, FAINT), ("calibrated", probabilities, ACCENT)):
        error = calibration_error(labels, shares)
        _add_bins(figure, bins[title], f"{title}, error {error:.3f}", color, confidence_level)
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
    confidence: NDArray[np.floating[Any]], is_right: NDArray[np.bool_], threshold: float | None
) -> PlotlyFigure:
    """Return the risk-coverage curve: the mistakes left when only the surest answers count.

    Args:
        confidence: (N,).
        is_right: (N,).
        threshold: the chosen one, marked in the figure; ``None`` for none.
    """
    from plotly import graph_objects

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
        _mark_threshold(figure, float((confidence >= threshold).mean()), threshold)
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


def _find_span(bins: list[Bin]) -> list[float]:
    """Return from where to where the axes go: a good classifier needs no more than the end."""
    least = min(min(each.confidence, each.right / each.images) for each in bins)
    return [max(-0.02, least - 0.15), 1.02]


def _add_bins(
    figure: PlotlyFigure, bins: list[Bin], title: str, color: str, confidence_level: float
) -> None:
    shares = [each.right / each.images for each in bins]
    bounds = [wilson_interval(each.right, each.images, confidence_level) for each in bins]
    figure.add_scatter(
        x=[each.confidence for each in bins],
        y=shares,
        error_y={
            "array": [high - share for (_, high), share in zip(bounds, shares, strict=True)],
            "arrayminus": [share - low for (low, _), share in zip(bounds, shares, strict=True)],
            "thickness": 1,
            "width": 3,
        },
        customdata=[(each.right, each.images) for each in bins],
        mode="lines+markers",
        name=title,
        line={"color": color, "width": 1},
        marker={"size": 8},
        hovertemplate="%{customdata[0]} of %{customdata[1]} right at %{x:.2%}<extra></extra>",
    )


def _mark_threshold(figure: PlotlyFigure, coverage: float, threshold: float) -> None:
    figure.add_vline(
        x=coverage,
        line={"dash": "dot", "color": "gray"},
        annotation_text=f"answers count from confidence {threshold:.3f} on",
        annotation_position="top left",
    )
