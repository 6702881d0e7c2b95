"""Which pictures are looked at: test images, or others that the user names."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Pixels
from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding.decoder import RejectedImageError
from onion_pipeline.images.loading import read_file
from onion_pipeline.images.sources import open_source
from onion_pipeline.serving.classifier import Classifier

# Of the pictures, mistakes are as many as a picture of each class leaves, but within these.
FEWEST, MOST = 1 / 6, 1 / 2


def choose_pictures(predictions: DataFrame, most: int) -> NDArray[np.int64]:
    """Return which rows of the table of predictions to show, int64, at most `most` positions.

    These are of each class the picture recognised most surely, or several, classes in their order;
    then mistakes, the surest first and of each true class one before any second.
    """
    table = predictions.reset_index(drop=True).sort_values(
        ["confidence", "path"], ascending=[False, True]
    )
    is_right = table["label"] == table["predicted"]
    right, wrong = _rank_by_class(table[is_right]), _rank_by_class(table[~is_right])
    room = most - table.loc[is_right, "label"].nunique()
    wanted = min(max(room, int(most * FEWEST)), int(most * MOST))
    mistakes = min(len(wrong), max(wanted, most - len(right)))
    shown = right[: most - mistakes]
    order = predictions["label"].reset_index(drop=True).iloc[shown].argsort(kind="stable")
    return np.concatenate([shown[order.to_numpy()], wrong[:mistakes]])


def read_pictures(address: str, most: int, classifier: Classifier) -> tuple[Pixels, list[str]]:
    """Return the first pictures at an address, uint8 (N, H, W, C), and their N paths.

    Args:
        address: of a picture, a folder or whatever else
            :func:`~onion_pipeline.images.sources.open_source` reads.
        most: how many.
        classifier: that decodes them.

    Raises:
        DataError: there is none, or one of them is no usable picture.
    """
    try:
        source = open_source(address)
    except DataError as error:
        raise DataError(f"explain.images: {error}") from error
    paths, images = list(source.paths[:most]), []
    for path in paths:
        try:
            images.append(classifier.decode(read_file(source, path)))
        except RejectedImageError as error:
            raise DataError(
                f"{path} of explain.images ({source.location}) is no usable picture: {error}. "
                "Name others with --params explain.images=path/to/pictures"
            ) from error
    return np.stack(images), paths


def _rank_by_class(table: DataFrame) -> NDArray[np.int64]:
    """Return the positions of the rows of `table`: the first of each class, the second, ..."""
    turns = table.groupby("label", sort=True).cumcount()
    return turns.sort_values(kind="stable").index.to_numpy(np.int64)
