"""The parts of the onion report around the layers: where it looked, augmentation, learning."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.evaluation.metrics import confusion_matrix
from onion_pipeline.evaluation.predictions import find_ids, predict_probabilities
from onion_pipeline.explanation.attention import map_attention, map_occlusion
from onion_pipeline.explanation.embedding import project, read_features
from onion_pipeline.explanation.report import Report

# Of the pictures in one cell of the confusion matrix, and of those in the map of all.
LONGEST_CELL = 12
LARGEST_MAP = 400
THUMBNAIL = 24  # pixels of the longer side of a picture in the map


def add_attention(
    report: Report,
    model: KerasModel,
    images: NDArray[np.uint8],
    predictions: DataFrame,
) -> None:
    """Say of each picture of the report where the network looked.

    Args:
        report: whose ``pictures`` get ``attention`` (an array, or None for a network without
            feature maps) and ``occlusion``.
        model: the trained model.
        images: uint8, (N, H, W, C); those of the report.
        predictions: their N rows of the table of predictions.
    """
    pictures = report.description["pictures"]
    chosen = find_ids(predictions["predicted"], report.description["class_names"])
    maps = map_attention(model, images, chosen)
    for number, (picture, image) in enumerate(zip(pictures, images, strict=True)):
        lost = map_occlusion(model, image, int(chosen[number]))
        picture["attention"] = None if maps is None else report.add(maps[number])
        picture["occlusion"] = report.add(lost)


def add_augmentation(
    report: Report,
    model: KerasModel,
    drawn: Sequence[tuple[str, Sequence[tuple[NDArray[np.uint8], dict[str, Any]]]]],
) -> None:
    """Show one picture as each transform changes it, and what the network says of each.

    Args:
        report: gets ``augmentation``, a list of transforms with their draws.
        model: the trained model.
        drawn: of each transform its name, and of each draw the picture, uint8 (H, W, C), and the
            arguments.
    """
    report.description["augmentation"] = [
        {"name": name, "draws": [_describe_draw(report, model, *draw) for draw in draws]}
        for name, draws in drawn
    ]


def add_learning(report: Report, history: DataFrame) -> None:
    """Tell how loss and accuracy changed from epoch to epoch."""
    rows = history.replace({np.nan: None}).to_dict("records")
    report.description["history"] = rows


def add_confusion(
    report: Report,
    predictions: DataFrame,
    images: NDArray[np.uint8],
    class_names: Sequence[str],
) -> None:
    """Count which class was taken for which, with the surest pictures of each mistake.

    Args:
        report: gets ``confusion``: ``counts``, rows true and columns predicted, and ``mistakes``,
            a list of cells with their pictures.
        predictions: the table of all N test images.
        images: uint8, (N, H, W, C), in its order.
        class_names: K labels.
    """
    table = predictions.reset_index(drop=True)
    wrong = table[table["label"] != table["predicted"]].sort_values("confidence", ascending=False)
    cells = [
        {
            "label": label,
            "predicted": predicted,
            "pictures": [
                {
                    "path": table["path"][at],
                    "confidence": float(table["confidence"][at]),
                    "pixels": report.add(images[at]),
                }
                for at in rows.index[:LONGEST_CELL]
            ],
        }
        for (label, predicted), rows in wrong.groupby(["label", "predicted"], sort=True)
    ]
    counts = confusion_matrix(table, class_names).tolist()
    report.description["confusion"] = {"counts": counts, "mistakes": cells}


def add_map(
    report: Report, model: KerasModel, predictions: DataFrame, images: NDArray[np.uint8], seed: int
) -> None:
    """Lay test images out by how alike the network finds them.

    Args:
        report: gets ``map``: ``variance``, the share that two directions show, and ``points``.
        model: the trained model.
        predictions: the table of all N test images.
        images: uint8, (N, H, W, C), in its order.
        seed: of the choice where there are too many.
    """
    chosen = _choose_evenly(predictions["label"].to_numpy(), LARGEST_MAP, seed)
    places, variance = project(read_features(model, np.ascontiguousarray(images[chosen])))
    rows = predictions.iloc[chosen]
    report.description["map"] = {
        "variance": variance,
        "thumbnails": report.add(_shrink(images[chosen])),
        "points": [
            {"x": x, "y": y, "label": label, "predicted": predicted, "path": path}
            for (x, y), label, predicted, path in zip(
                places.tolist(), rows["label"], rows["predicted"], rows["path"], strict=True
            )
        ],
    }


def _describe_draw(
    report: Report, model: KerasModel, image: NDArray[np.uint8], arguments: dict[str, Any]
) -> dict[str, Any]:
    answer = predict_probabilities(model, image[None])[0]
    return {
        "pixels": report.add(image),
        "arguments": arguments,
        "probabilities": [float(share) for share in answer],
    }


def _choose_evenly(labels: NDArray[Any], most: int, seed: int) -> NDArray[np.int64]:
    """Return at most `most` rows, of every class as many as there are or all."""
    order = np.random.default_rng(seed).permutation(len(labels))
    turns = np.empty(len(labels), np.int64)
    for name in np.unique(labels):
        rows = order[labels[order] == name]
        turns[rows] = np.arange(len(rows))
    return np.sort(np.argsort(turns, kind="stable")[:most])


def _shrink(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures of at most :data:`THUMBNAIL` pixels a side, each the mean of a block."""
    step = max(1, -(-max(images.shape[1:3]) // THUMBNAIL))
    height, width = (side // step * step for side in images.shape[1:3])
    blocks = images[:, :height, :width].reshape(
        len(images), height // step, step, width // step, step, -1
    )
    return blocks.mean(axis=(2, 4)).round().astype(np.uint8)
