"""A contact sheet: originals beside their augmented variants."""

from collections.abc import Sequence

import numpy as np

from onion_pipeline.annotations import ImageFigure
from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.variants import make_variants
from onion_pipeline.drawing.canvas import ACCENT, make_figure, show_image
from onion_pipeline.drawing.lettering import write_names
from onion_pipeline.images.arrays import LabelledImages, find_examples

ROWS = 10
VARIANTS = 7
LONGEST = 24  # characters of a name that fit beside a row


def draw_augmentation_preview(
    train_images: LabelledImages,
    augmentation_policy: Sequence[Step],
    class_names: Sequence[str],
    seed: int,
) -> ImageFigure:
    """Return a figure with one row per class (ten at most): a picture and seven variants."""
    chain = compose(augmentation_policy)
    rows = find_examples(train_images)[:ROWS]
    names = write_names(class_names, LONGEST)
    figure = make_figure(1 + VARIANTS + 0.6, len(rows) + 0.7)
    axes = figure.subplots(len(rows), 1 + VARIANTS, squeeze=False)
    for cells, row in zip(axes, rows, strict=True):
        original = np.asarray(row["image"])
        shown = np.stack([original] * (1 + VARIANTS))
        variants = make_variants(shown, range(1 + VARIANTS), chain, seed)
        for cell, image in zip(cells, variants, strict=True):
            show_image(cell, image)
        cells[0].set_ylabel(names[class_names[row["label"]]], rotation=0, ha="right", va="center")
        cells[0].spines[:].set(visible=True, color=ACCENT, linewidth=2)
    axes[0, 0].set_title("original", fontsize=10, color=ACCENT)
    title = axes[0, 1].annotate(
        "augmented variants, as in training",
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 6),
        textcoords="offset points",
        fontsize=10,
    )
    title.set_in_layout(False)  # it spans several columns and must not widen its own
    return figure
