"""The figures of a test: the confusion matrix and the worst mistakes."""

from collections.abc import Sequence

import numpy as np

from onion_pipeline.annotations import DataFrame, ImageFigure, PlotlyFigure
from onion_pipeline.evaluation.metrics import confusion_matrix
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.images.drawing import ACCENT, show_image

COLUMNS = 6
READABLE = 30  # classes that a confusion matrix can name and count


def plot_confusion_matrix(predictions: DataFrame, class_names: Sequence[str]) -> PlotlyFigure:
    """Return the confusion matrix: rows are the true classes, columns the predicted ones.

    Colours are shares of each row, so that rare classes are seen; cells show the counts.
    """
    from plotly import graph_objects

    counts = confusion_matrix(predictions, class_names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = list(class_names)
    heatmap = graph_objects.Heatmap(
        z=shares,
        x=names,
        y=names,
        customdata=counts,
        text=np.where(counts > 0, counts.astype(str), "") if len(names) <= READABLE else None,
        texttemplate="%{text}",
        colorscale=[[0, "#ffffff"], [0.02, "#f6e3d7"], [1, ACCENT]],
        zmin=0,
        zmax=1,
        colorbar={"title": "share of row", "tickformat": ".0%"},
        hovertemplate="%{y} predicted as %{x}: %{customdata} (%{z:.1%})<extra></extra>",
    )
    figure = graph_objects.Figure(heatmap)
    every_tick = {"tickmode": "linear", "dtick": 1} if len(names) <= READABLE else {}
    side = 260 + 34 * min(len(names), READABLE)
    figure.update_layout(
        template="plotly_white",
        title="Confusion matrix of the test images",
        width=side + 60,
        height=side,
        xaxis={"title": "predicted", "type": "category", "constrain": "domain", **every_tick},
        yaxis={
            "title": "true",
            "type": "category",
            **every_tick,
            "autorange": "reversed",
            "scaleanchor": "x",
        },
    )
    return figure


def draw_mistakes(predictions: DataFrame, images: LabelledImages, most: int) -> ImageFigure:
    """Return the test images that were most confidently classified wrongly, worst first.

    Args:
        predictions: one row per image of `images`, in their order.
        images: the test images.
        most: how many to show.
    """
    from matplotlib.figure import Figure

    wrong = predictions.reset_index(drop=True).query("label != predicted")
    worst = wrong.nlargest(most, "confidence", keep="first")
    rows = max(1, -(-len(worst) // COLUMNS))
    figure = Figure(figsize=(COLUMNS * 1.6, rows * 2.05 + 0.6), dpi=110, layout="constrained")
    figure.suptitle(_title_mistakes(len(worst), len(wrong), len(predictions)), fontsize=11)
    cells = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for cell in cells:
        cell.set_axis_off()
    for cell, row in zip(cells, worst.itertuples(), strict=False):
        show_image(cell, images["image"][row.Index])
        cell.set_axis_on()
        cell.set_title(f"{row.predicted}  {row.confidence:.0%}", fontsize=9, color=ACCENT)
        cell.set_xlabel(f"is {row.label}", fontsize=9)
    return figure


def _title_mistakes(shown: int, wrong: int, total: int) -> str:
    if not wrong:
        return f"No mistake among {total} test images"
    which = "All" if shown == wrong else f"The {shown} most confident of"
    return f"{which} {wrong} mistakes among {total} test images: predicted (confidence), truth"
