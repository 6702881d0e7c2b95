"""How much of its accuracy a classifier keeps when pictures are damaged."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, ImageFigure, PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, GAP, INK, make_figure, tile_images

Labels = NDArray[np.int64]
CLEAN = 0  # in figures, the severity of pictures as they are
COLORS = {"noise": "#7a5195", "blur": "#2f6f9f", "weather": "#3d8a5f", "digital": ACCENT}


def tabulate_robustness(
    labels: Labels, clean: Labels, damaged: Iterable[tuple[str, str, int, Labels]]
) -> DataFrame:
    """Return the accuracy under each corruption and severity.

    Args:
        labels: int64, (N,), of the pictures.
        clean: int64, (N,), the predicted classes of these as they are.
        damaged: of each corruption and severity: its name, its category, the severity and the
            predicted classes.

    Returns:
        Columns ``corruption``, ``category``, ``severity``, ``accuracy``, ``error``,
        ``clean_accuracy`` (of the same pictures as they are) and ``images``.
    """
    import pandas as pd

    rows = [
        (name, category, severity, float((predicted == labels).mean()))
        for name, category, severity, predicted in damaged
    ]
    table = pd.DataFrame(rows, columns=["corruption", "category", "severity", "accuracy"])
    clean_accuracy = float((clean == labels).mean()) if len(labels) else 0.0
    return table.assign(
        error=1 - table["accuracy"], clean_accuracy=clean_accuracy, images=len(labels)
    )


def measure_robustness(robustness: DataFrame) -> dict[str, float]:
    """Return the figures of a table of :func:`tabulate_robustness`.

    Returns:
        ``mean_corruption_error``: the mean error over all corruptions and severities, as for
        CIFAR-10-C (on ImageNet-C it is divided by that of AlexNet); ``corruption_error_added``:
        what of it is more than the error on the same pictures as they are;
        ``worst_corruption_accuracy``: under the corruption that costs the most, on average over
        its severities. None of them if nothing was damaged.

    Source: Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common
    Corruptions and Perturbations", ICLR 2019.
    """
    if robustness.empty:
        return {}
    mean = float(robustness["error"].mean())
    by_corruption = robustness.groupby("corruption")["accuracy"].mean()
    return {
        "mean_corruption_error": mean,
        "corruption_error_added": mean - float(1 - robustness["clean_accuracy"].iloc[0]),
        "worst_corruption_accuracy": float(by_corruption.min()),
    }


def choose_pictures(labels: Labels, most: int, seed: int) -> NDArray[np.int64]:
    """Return at most `most` rows, sorted, of every class as many as of the others or all."""
    order = np.random.default_rng(seed).permutation(len(labels))
    turns = np.empty(len(labels), np.int64)
    for name in np.unique(labels):
        rows = order[labels[order] == name]
        turns[rows] = np.arange(len(rows))
    return np.sort(order[np.argsort(turns[order], kind="stable")[:most]])


def plot_robustness(robustness: DataFrame) -> PlotlyFigure:
    """Return the accuracy under each corruption over its severities."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    for name, rows in robustness.groupby("corruption", sort=False):
        figure.add_scatter(
            x=[CLEAN, *rows["severity"]],
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


def draw_corruptions(rows: Sequence[tuple[str, NDArray[np.uint8]]]) -> ImageFigure:
    """Return one picture under each corruption: a row for each, a column for each severity.

    Args:
        rows: of each corruption its name and uint8 (1 + severities, H, W, C), the picture as it
            is first.
    """
    names = [name.replace("_", " ") for name, _ in rows]
    pictures = np.concatenate([images for _, images in rows])
    columns = len(pictures) // len(rows)
    sheet = np.asarray(tile_images(pictures, columns))
    height, width = (side + GAP for side in pictures.shape[1:3])
    figure = make_figure(1.7 + columns, 0.6 + len(rows))
    axes = figure.subplots()
    axes.imshow(sheet, cmap="gray" if sheet.ndim == 2 else None, vmin=0, vmax=255)  # noqa: PLR2004
    severities = ["as it is", *map(str, range(1, columns))]
    axes.set_xticks([width * (n + 0.5) for n in range(columns)], severities, color=INK)
    axes.set_yticks([height * (n + 0.5) for n in range(len(rows))], names, color=INK)
    axes.set_anchor("E")  # the room that its proportions leave is for the names
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure
