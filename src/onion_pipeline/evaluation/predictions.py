"""The prediction table: what the network says of each test image."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Ids, KerasModel, Pixels, Probabilities, Series
from onion_pipeline.images.arrays import LabelledImages, count_rows
from onion_pipeline.model.backend import allow_retracing

BATCH = 256  # pictures at most; fewer of large ones
PROBABILITY = "probability_"


def predict_probabilities(
    model: KerasModel, images: Pixels, change: Callable[[Pixels], Pixels] = np.ascontiguousarray
) -> NDArray[np.float32]:
    """Return the probability of each class, float32 (N, K).

    Args:
        model: that takes the images.
        images: uint8, (N, H, W, C); may be a memory map, of which one batch is read at a time. At
            288x288 pixels in colour a batch has 33: 256 would take some gigabytes on their way.
        change: what each batch of images goes through before, so that no more than a batch of
            what comes out is in memory.
    """
    if not len(images):
        return np.empty((0, model.output_shape[-1]), np.float32)
    batch = count_rows(np.dtype((images.dtype, images.shape[1:])), BATCH)
    with allow_retracing():  # one run asks several models, each for a batch that is not full, too
        parts = [
            np.asarray(model.predict_on_batch(change(images[start : start + batch])))
            for start in range(0, len(images), batch)
        ]
    return np.concatenate(parts)


def mirror_images(images: Pixels) -> Pixels:
    """Return uint8 (N, H, W, C) images with left and right exchanged."""
    return np.ascontiguousarray(images[:, :, ::-1])


def tabulate_predictions(
    images: LabelledImages, probabilities: Probabilities, paths: Series, class_names: Sequence[str]
) -> DataFrame:
    """Return one row per image: what it is, what was predicted, and how surely.

    Args:
        images: N labelled images.
        probabilities: float32, (N, K).
        paths: the path of each row that `images` refer to by their ``index``.
        class_names: K labels.

    Returns:
        Columns ``path``, ``label``, ``predicted``, ``confidence`` (of the predicted class) and
        ``probability_<class>`` for each class.
    """
    labels = np.asarray(class_names, dtype=object)[images["label"]]
    known = paths.iloc[images["index"]].to_numpy()
    return tabulate_probabilities(probabilities, known, labels, class_names)


def tabulate_probabilities(
    probabilities: Probabilities,
    paths: Sequence[str],
    labels: Sequence[str],
    class_names: Sequence[str],
) -> DataFrame:
    """Return the same table of N pictures whose `paths` and `labels` are known by themselves.

    A label is ``""`` where the truth is not known.
    """
    import pandas as pd

    names = np.asarray(class_names, dtype=object)
    columns = {f"{PROBABILITY}{name}": probabilities[:, i] for i, name in enumerate(class_names)}
    return pd.DataFrame(
        {
            "path": paths,
            "label": labels,
            "predicted": names[probabilities.argmax(axis=1)],
            "confidence": probabilities.max(axis=1),
            **columns,
        }
    ).astype({"label": "str", "predicted": "str"})


def read_predictions(
    predictions: DataFrame, class_names: Sequence[str]
) -> tuple[Ids, NDArray[np.float64]]:
    """Return the true ids, (N,), and the probabilities, (N, K), of a table of predictions."""
    return find_ids(predictions["label"], class_names), read_probabilities(predictions, class_names)


def read_probabilities(predictions: DataFrame, class_names: Sequence[str]) -> NDArray[np.float64]:
    """Return the probabilities, float64 (N, K), of a table of predictions."""
    return predictions[[PROBABILITY + name for name in class_names]].to_numpy(np.float64)


def find_ids(labels: Series, class_names: Sequence[str]) -> Ids:
    """Return the class id, int64 (N,), of each of N labels."""
    ids = {name: number for number, name in enumerate(class_names)}
    return labels.map(ids).to_numpy(np.int64)
