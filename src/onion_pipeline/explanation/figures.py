"""Where a network looked, as a sheet of pictures."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, ImageFigure
from onion_pipeline.drawing.canvas import ACCENT, INK, make_figure, show_image
from onion_pipeline.drawing.lettering import write_names

COLUMNS = 6
LONGEST = 16  # characters of a label that fit above a picture
# Speaks for the answer, and against it: told apart by people who do not see red and green.
FOR, AGAINST = ACCENT, "#2f6f9f"


def draw_attention(
    images: NDArray[np.uint8], maps: NDArray[np.float32] | None, predictions: DataFrame
) -> ImageFigure:
    """Return each picture, and below it the same with the places that speak for its answer.

    Args:
        images: uint8, (N, H, W, C).
        maps: float32, (N, h, w), from :func:`~onion_pipeline.explanation.attention.map_attention`;
            None draws the pictures alone.
        predictions: N rows of the table of predictions.
    """
    bands = max(1, -(-len(images) // COLUMNS))
    each = 1 if maps is None else 2
    figure = make_figure(COLUMNS * 1.5, bands * (each * 1.5 + 0.5) + 0.7)
    figure.suptitle(_title(maps), fontsize=11)
    names = write_names([*predictions["label"], *predictions["predicted"]], LONGEST)
    cells = figure.subplots(bands * each, COLUMNS, squeeze=False)
    for cell in cells.ravel():
        cell.set_axis_off()
    for number, (image, row) in enumerate(zip(images, predictions.itertuples(), strict=True)):
        band, column = divmod(number, COLUMNS)
        _show(cells[band * each, column], image)
        cells[band * each, column].set_title(_describe(row, names), fontsize=8, color=INK)
        if maps is not None:
            _show(cells[band * each + 1, column], image, maps[number])
    return figure


def _show(cell, image, attention=None) -> None:  # type: ignore[no-untyped-def]
    from matplotlib.colors import LinearSegmentedColormap

    show_image(cell, image if attention is None else _fade(image))
    cell.set_axis_on()
    if attention is None:
        return
    largest = float(np.abs(attention).max()) or 1.0
    colors = LinearSegmentedColormap.from_list("attention", [AGAINST, "white", FOR])
    height, width = image.shape[:2]
    cell.imshow(
        attention,
        cmap=colors,
        vmin=-largest,
        vmax=largest,
        alpha=np.sqrt(np.abs(attention) / largest) * 0.85,
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        interpolation="bilinear",
    )


def _fade(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture in grey, so that all colours are those of the map."""
    grey = image.mean(axis=2, keepdims=True)
    return np.repeat(grey, 3, axis=2).astype(np.uint8)


def _describe(row, names: dict[str, str]) -> str:  # type: ignore[no-untyped-def]
    said = f"{names[row.predicted]}, {row.confidence:.0%}"
    return said if row.label in ("", row.predicted) else f"{said}\nis {names[row.label]}"


def _title(maps: NDArray[np.float32] | None) -> str:
    if maps is None:
        return "Pictures and answers"
    return "Where the network looked: what speaks for its answer (red) and against it (blue)"
