"""The figures of a test and of an audit: the confusion matrix, mistakes and suspect labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onion_pipeline.annotations import DataFrame, ImageFigure, Pixels, PlotlyFigure, Series
from onion_pipeline.drawing.canvas import ACCENT, make_figure, show_image
from onion_pipeline.drawing.lettering import write_names, write_page_names
from onion_pipeline.evaluation.metrics import count_confusions
from onion_pipeline.images.arrays import LabelledImages

COLUMNS = 6
READABLE = 30  # classes that a confusion matrix can name and count
SHORT = 6  # characters of a name that a confusion matrix has room for anyhow
LONGEST = 14  # characters of a label that fit beside a picture


def plot_confusion_matrix(test_predictions: DataFrame, class_names: Sequence[str]) -> PlotlyFigure:
    """Show which classes are taken for which.

    Rows are the true classes, columns the predicted ones. Colours are shares of each row, so that
    rare classes are seen; cells show the counts.
    """
    from plotly import graph_objects

    counts = count_confusions(test_predictions, class_names)
    support = counts.sum(axis=1, keepdims=True)
    shown = write_page_names(class_names)
    names = [shown[name] for name in class_names]
    truth = [
        name if images else f"{name} (no test pictures)"
        for name, images in zip(names, support, strict=True)
    ]
    is_readable = len(names) <= READABLE
    heatmap = graph_objects.Heatmap(
        z=counts / np.where(support, support, np.nan),
        x=names,
        y=truth,
        hoverongaps=False,
        customdata=counts,
        text=np.where(counts > 0, counts.astype(str), "") if is_readable else None,
        texttemplate="%{text}",
        colorscale=[[0, "#ffffff"], [0.02, "#f6e3d7"], [1, ACCENT]],
        zmin=0,
        zmax=1,
        colorbar={"title": "share of row", "tickformat": ".0%"},
        hovertemplate="%{y} predicted as %{x}: %{customdata} (%{z:.1%})<extra></extra>",
    )
    figure = graph_objects.Figure(heatmap)
    axis: dict[str, Any] = {"type": "category", "constrain": "domain"}
    axis |= {"tickmode": "linear", "dtick": 1} if is_readable else {}
    side = 260 + 34 * min(len(names), READABLE)
    room = 7 * max(0, max(map(len, truth)) - SHORT)  # pixels that names take from the cells
    figure.update_layout(
        template="plotly_white",
        title="Confusion matrix of the test images",
        width=side + 60 + room,
        height=side + room // 2,
        xaxis={"title": "predicted", **axis},
        yaxis={"title": "true", "autorange": "reversed", "scaleanchor": "x", **axis},
    )
    return figure


def draw_mistakes(predictions: DataFrame, images: LabelledImages, most: int) -> ImageFigure:
    """Return at most so many test images that were most confidently classified wrongly.

    The worst is first; `predictions` are of these `images`, in their order.
    """
    wrong = predictions.reset_index(drop=True).query("label != predicted")
    worst = wrong.nlargest(most, "confidence", keep="first")
    names = write_names([*predictions["label"], *predictions["predicted"]], LONGEST)
    total = f"among {len(predictions)} test images"
    told = f"{total}: predicted (confidence), truth"
    title = _title("most confident", len(worst), len(wrong), f"mistake {told}", f"mistakes {told}")
    return _draw_gallery(
        title or f"No mistake {total}",
        images["image"][worst.index],
        [f"{names[row.predicted]}  {row.confidence:.0%}" for row in worst.itertuples()],
        [f"is {names[label]}" for label in worst["label"]],
    )


def draw_suspect_labels(issues: DataFrame, images: Pixels, paths: Series, most: int) -> ImageFigure:
    """Return at most so many images whose labels are least likely, worst first.

    Args:
        issues: from :func:`~onion_pipeline.evaluation.label_issues.find_label_issues`.
        images: uint8, (N, H, W, C); may be a memory map.
        paths: of `images`, in their order.
        most: how many to show.
    """
    import pandas as pd

    worst = issues.head(most)
    names = write_names([*issues["label"], *issues["suggested_label"]], LONGEST)
    things = "label that looks wrong", "labels that look wrong"
    return _draw_gallery(
        _title("least likely", len(worst), len(issues), *things) or "No label looks wrong",
        images[pd.Index(paths).get_indexer(worst["path"])],
        [f"labelled {names[label]}" for label in worst["label"]],
        [f"looks like {names[label]}" for label in worst["suggested_label"]],
    )


def _draw_gallery(
    title: str, images: Pixels, above: Sequence[str], below: Sequence[str]
) -> ImageFigure:
    """Return `images`, uint8 (N, H, W, C), each between two of the N lines of text."""
    rows = max(1, -(-len(images) // COLUMNS))
    figure = make_figure(COLUMNS * 1.6, rows * 2.05 + 0.6)
    figure.suptitle(title, fontsize=11)
    cells = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for cell in cells[len(images) :]:
        cell.set_axis_off()
    for cell, image, upper, lower in zip(cells, images, above, below, strict=False):
        show_image(cell, image)
        cell.set_title(upper, fontsize=9, color=ACCENT)
        cell.set_xlabel(lower, fontsize=9)
    return figure


def _title(which: str, shown: int, found: int, thing: str, things: str) -> str:
    """Return what a gallery shows; nothing where nothing was found."""
    if found <= 1:
        return f"The only {thing}" if found else ""
    if shown == found:
        return f"All {found} {things}"
    number = "" if shown == 1 else f"{shown} "
    return f"The {number}{which} of {found} {things}"
