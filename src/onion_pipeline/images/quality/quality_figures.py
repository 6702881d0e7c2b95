"""What a data set holds and what is wrong with it, as figures."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, ImageFigure, PlotlyFigure
from onion_pipeline.drawing.canvas import ACCENT, INK, make_figure, show_image
from onion_pipeline.drawing.lettering import write_names, write_page_names
from onion_pipeline.images.quality.data_report import count_splits, find_contradictions
from onion_pipeline.images.quality.measures import ODDITIES, find_odd
from onion_pipeline.images.stratification import LEFT_OUT

COLORS = {"train": INK, "validation": "#d9a08b", "test": ACCENT, LEFT_OUT: "#c9c4bf"}
TITLES = (
    "Images of each class",
    "Width and height in pixels",
    "Brightness (0 black, 1 white)",
    "Contrast",
    "Sharpness (low is blurred)",
)
BINS = 40
SHOWN = 8  # pictures of each kind in the gallery
READABLE = 40  # classes whose names fit below the bars
LONGEST = 16  # characters of a label that fit below a picture, or a bar if written upwards

_Suspects = tuple[str, Sequence[int], Sequence[str]]
"""Pictures in a row: its title, the number of each and what is written below it."""


def draw_data_report(index: DataFrame, splits: DataFrame, measured: DataFrame) -> PlotlyFigure:
    """Return the classes and splits, the sizes and the measures of the images.

    `index` has a row per file, `splits` and `measured` have one per image.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=3,
        cols=2,
        specs=[[{"colspan": 2}, None], [{}, {}], [{}, {}]],
        subplot_titles=TITLES,
        vertical_spacing=0.13,
    )
    _add_classes(figure, splits)
    _add_sizes(figure, index)
    for place, name in zip(((2, 2), (3, 1), (3, 2)), measured.columns, strict=True):
        _add_histogram(figure, measured[name].to_numpy(), *place)
    figure.update_layout(
        template="plotly_white",
        title=f"The data: {len(splits)} images of {splits['label'].nunique()} classes",
        barmode="stack",
        bargap=0.15,
        height=980,
        legend={"orientation": "h", "y": 1.05, "x": 1, "xanchor": "right"},
    )
    return figure


def draw_suspects(
    images: NDArray[np.uint8], duplicates: DataFrame, splits: DataFrame, measured: DataFrame
) -> ImageFigure:
    """Return the pictures that a person should look at, a row for each kind.

    `duplicates` has a row per pair of images that are the same or nearly so, `splits` and
    `measured` have one for each of `images`, uint8 (N, H, W, C), in their order.
    """
    names = write_names(splits["label"], LONGEST)
    found = [*_list_pairs(duplicates, names), *_list_odd(measured, splits, names)]
    shown = [suspects for suspects in found if len(suspects[1])]
    height = max(1, len(shown)) * 1.75 + 0.6
    figure = make_figure(SHOWN * 1.3, height)
    figure.suptitle(
        "What to look at" if shown else "No duplicate and no outlier was found", fontsize=11
    )
    panels: Any = figure.subfigures(len(shown), 1, squeeze=False)[:, 0] if shown else []
    for panel, (title, rows, captions) in zip(panels, shown, strict=True):
        panel.suptitle(title, fontsize=10, color=ACCENT, x=0.01, ha="left")
        cells = panel.subplots(1, SHOWN)
        for cell, row, caption in zip(cells, rows, captions, strict=False):
            show_image(cell, np.asarray(images[row]))
            cell.set_xlabel(caption, fontsize=7.5)
        for cell in cells[len(rows) :]:
            cell.set_axis_off()
    return figure


def _list_pairs(duplicates: DataFrame, names: dict[str, str]) -> Iterator[_Suspects]:
    near = duplicates[duplicates["kind"] == "near"].sort_values("similarity", kind="stable")
    kinds = {
        "The same picture, different labels": find_contradictions(duplicates),
        "The same file twice": duplicates[duplicates["kind"] == "exact"],
        "Nearly the same picture": near,
    }
    for kind, pairs in kinds.items():
        count = min(len(pairs), SHOWN // 2)
        # Some, evenly spaced, the two of a pair side by side.
        some = pairs.iloc[np.linspace(0, len(pairs) - 1, count).round().astype(int)]
        rows = some[["first", "second"]].to_numpy().ravel()
        labels = some[["first_label", "second_label"]].to_numpy().ravel()
        title = f"{kind}: {_count(len(pairs), 'pair')}"
        yield title, rows, [names[label] for label in labels]


def _list_odd(measured: DataFrame, splits: DataFrame, names: dict[str, str]) -> Iterator[_Suspects]:
    for name, (measure, _) in ODDITIES.items():
        odd = find_odd(measured, name)
        shown = odd.head(SHOWN)
        labels = splits["label"].iloc[shown.index]
        captions = [
            f"{names[label]}\n{value:.2f}" for label, value in zip(labels, shown, strict=True)
        ]
        title = f"Unusually {name} ({measure}): {_count(len(odd), 'image')}"
        yield title, shown.index, captions


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _add_classes(figure: PlotlyFigure, splits: DataFrame) -> None:
    counts = count_splits(splits)
    shown, ticks = (
        [written[label] for label in counts]
        for written in (write_page_names(counts), write_page_names(counts, LONGEST))
    )
    for name, color in COLORS.items():
        images = [splits_of.get(name, 0) for splits_of in counts.values()]
        if any(images):
            figure.add_bar(
                x=shown,
                y=images,
                name=name.replace("_", " "),
                marker={"color": color},
                hovertemplate=f"%{{x}}: %{{y}} for {name}<extra></extra>",
                row=1,
                col=1,
            )
    show = len(counts) <= READABLE
    labels = {"showticklabels": show, "tickvals": shown, "ticktext": ticks}
    figure.update_xaxes(type="category", **labels, row=1, col=1)


def _add_sizes(figure: PlotlyFigure, index: DataFrame) -> None:
    sizes = index[["width", "height"]].dropna().astype("int64").value_counts().reset_index()
    area = 6 + 24 * np.sqrt(sizes["count"] / sizes["count"].max())
    figure.add_scatter(
        x=sizes["width"],
        y=sizes["height"],
        mode="markers",
        customdata=sizes["count"],
        marker={"size": area, "color": ACCENT, "opacity": 0.6, "line": {"width": 0}},
        hovertemplate="%{x} by %{y} pixels: %{customdata} files<extra></extra>",
        showlegend=False,
        row=2,
        col=1,
    )
    figure.update_xaxes(title="width", rangemode="tozero", row=2, col=1)
    figure.update_yaxes(title="height", rangemode="tozero", row=2, col=1)


def _add_histogram(figure: PlotlyFigure, values: NDArray[np.float64], row: int, col: int) -> None:
    """Add the counts alone: a page with every value would grow with the data."""
    counts, edges = np.histogram(values, BINS)
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges),
        marker={"color": INK, "line": {"width": 0}},
        hovertemplate="%{x:.2f}: %{y} images<extra></extra>",
        showlegend=False,
        row=row,
        col=col,
    )
