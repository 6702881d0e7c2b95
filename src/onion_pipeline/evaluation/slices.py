"""Where a classifier is worse than on average: slices of the test images."""

from collections.abc import Iterable

import numpy as np

from onion_pipeline.annotations import DataFrame, Pixels, Series
from onion_pipeline.evaluation.intervals import wilson_interval
from onion_pipeline.evaluation.weakest import find_weakest

BINS = 4  # of a measured quantity: quarters of the images
MOST_VALUES = 20  # of a column that is to be sliced by
NOT_SLICED = {"path", "sha256", "cluster", "split", "reason", "detail", "label"}


def tabulate_slices(
    predictions: DataFrame, files: DataFrame, images: Pixels, fewest: int, confidence_level: float
) -> DataFrame:
    """Return the accuracy in each slice of the test images.

    Slices are by class, by quarters of the size of the file's picture and of its brightness, and
    by each other column of `files` with at most 20 values: what is known of the N test images,
    among it ``height`` and ``width``. It and the `images`, uint8 (N, H, W, C), are in the order of
    the `predictions`.

    Returns:
        Columns ``column``, ``value``, ``images``, ``accuracy``, ``accuracy_low``,
        ``accuracy_high`` (Wilson, of each picture by itself) and ``is_worst``: true for the
        slice that is clearly weaker than the rest, if one of `fewest` images or more is
        (:func:`~onion_pipeline.evaluation.weakest.find_weakest`; it counts the column
        ``cluster``, if `files` has it).
    """
    import pandas as pd

    predictions, files = (each.reset_index(drop=True) for each in (predictions, files))
    is_right = predictions["label"] == predictions["predicted"]
    found = [
        (column, value, (values == value).to_numpy(bool))
        for column, values in _list_columns(predictions, files, images)
        if values.nunique() > 1
        for value in sorted(values.dropna().unique())
    ]
    rows = [
        (column, value, int(inside.sum()), int(is_right[inside].sum()))
        for column, value, inside in found
    ]
    table = pd.DataFrame(rows, columns=["column", "value", "images", "right"])
    bounds = wilson_interval(table["right"], table["images"], confidence_level)
    table["accuracy"] = table["right"] / table["images"]
    table["accuracy_low"], table["accuracy_high"] = bounds.T
    clusters = files["cluster"].to_numpy(np.int64) if "cluster" in files else None
    large = [row for row, count in enumerate(table["images"]) if count >= fewest]
    worst = find_weakest(
        [found[row][2] for row in large], is_right.to_numpy(bool), 1 - confidence_level, clusters
    )
    table["is_worst"] = table.index == (None if worst is None else large[worst])
    order = ["column", "accuracy"]
    return table.drop(columns="right").sort_values(order, kind="stable", ignore_index=True)


def measure_slices(slices: DataFrame) -> dict[str, float]:
    """Return ``worst_slice_accuracy``, if one slice is named the worst."""
    worst = slices.loc[slices["is_worst"], "accuracy"]
    return {"worst_slice_accuracy": float(worst.iloc[0])} if len(worst) else {}


def _list_columns(
    predictions: DataFrame, files: DataFrame, images: Pixels
) -> Iterable[tuple[str, Series]]:
    import pandas as pd

    yield "class", predictions["label"]
    sides = np.sqrt(files["height"].astype(float) * files["width"].astype(float))
    yield "size in pixels", _name_quarters(sides.round())
    brightness = images.reshape(len(images), -1).mean(axis=1) / 255
    yield "brightness", _name_quarters(pd.Series(brightness.round(2)))
    for name in files.columns.difference([*NOT_SLICED, "height", "width", "bytes"], sort=False):
        values = files[name].dropna()
        if 1 < values.nunique() <= MOST_VALUES:
            yield str(name), files[name].astype(str).where(files[name].notna())


def _name_quarters(values: Series) -> Series:
    """Return a name for the quarter of each value; fewer where many are equal."""
    import pandas as pd

    bins = pd.qcut(values, BINS, duplicates="drop")
    quarters = values.groupby(bins, observed=True)
    return quarters.transform(lambda each: f"{each.min():g} to {each.max():g}")
