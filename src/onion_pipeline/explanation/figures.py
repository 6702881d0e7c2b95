"""Where a network looked, as a sheet of pictures."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, ImageFigure, Pixels
from onion_pipeline.drawing.canvas import ACCENT, INK, make_figure, show_image
from onion_pipeline.drawing.lettering import write_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Where the network looked: what speaks for its answer (red) and against it (blue)"
COLUMNS = 6
LONGEST = 16  # characters of a label that fit above a picture
# Speaks for the answer, and against it: told apart by people who do not see red and green.
FOR, AGAINST = ACCENT, "#2f6f9f"


def draw_attention(
    images: Pixels, maps: NDArray[np.float32], predictions: DataFrame
) -> ImageFigure:
    """Return each picture, and below it the same with the places that speak for its answer.

    The `maps` are float32, (N, h, w), for uint8 (N, H, W, C) `images`: from
    :func:`~onion_pipeline.explanation.attention.map_attention`.
    """
    bands = max(1, -(-len(images) // COLUMNS))
    figure = make_figure(COLUMNS * 1.5, bands * 3.5 + 0.7)
    figure.suptitle(TITLE, fontsize=11)
    names = write_names([*predictions["label"], *predictions["predicted"]], LONGEST)
    cells = figure.subplots(2 * bands, COLUMNS, squeeze=False).reshape(bands, 2, COLUMNS)
    pairs = cells.swapaxes(1, 2).reshape(-1, 2)
    for cell in pairs[len(images) :].ravel():
        cell.set_axis_off()
    for number, (image, row) in enumerate(zip(images, predictions.itertuples(), strict=True)):
        picture, looked_at = pairs[number]
        show_image(picture, image)
        picture.set_title(_describe(row, names), fontsize=8, color=INK)
        _show_attention(looked_at, image, maps[number])
    return figure


def _show_attention(cell: "Axes", image: Pixels, attention: NDArray[np.float32]) -> None:
    """Draw a picture in grey, so that all colours are those of the map that is laid over it."""
    from matplotlib.colors import LinearSegmentedColormap

    grey = image.mean(axis=2, keepdims=True).astype(np.uint8)
    show_image(cell, np.repeat(grey, 3, axis=2))
    largest = float(np.abs(attention).max()) or 1.0
    height, width = image.shape[:2]
    cell.imshow(
        attention,
        cmap=LinearSegmentedColormap.from_list("attention", [AGAINST, "white", FOR]),
        vmin=-largest,
        vmax=largest,
        alpha=np.sqrt(np.abs(attention) / largest) * 0.85,
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        interpolation="bilinear",
    )


def _describe(row: Any, names: dict[str, str]) -> str:
    said = f"{names[row.predicted]}, {row.confidence:.0%}"
    return said if row.label in ("", row.predicted) else f"{said}\nis {names[row.label]}"
