"""How the figures of this project show a picture."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onion_pipeline.annotations import ImageFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACCENT = "#b5482f"  # onion skin: what a reader should look at first
INK = "#3b2f2f"
GAP = 2  # pixels between pictures that are tiled


def make_figure(width: float, height: float) -> ImageFigure:
    """Return an empty figure of this size in inches, in which no text is read as a formula."""
    from onion_pipeline.drawing.plain_figure import PlainFigure

    return PlainFigure(figsize=(width, height), dpi=110, layout="constrained")


def show_image(axes: "Axes", image: NDArray[np.uint8]) -> None:
    """Draw `image`, uint8 (H, W, C), into `axes` without ticks or interpolation."""
    grey = image.shape[2] == 1
    axes.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def tile_images(images: NDArray[np.uint8], columns: int, scale: int = 1) -> Image.Image:
    """Return `images`, uint8 (N, H, W, C), side by side in rows of `columns` on white."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + GAP), columns * (width + GAP), channels), 255, np.uint8)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
