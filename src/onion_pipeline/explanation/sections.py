"""The parts of the onion report around the layers, each added to it under a key of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onion_pipeline.annotations import DataFrame, KerasModel, Pixels
from onion_pipeline.augmentation.replay import Draw, DrawnTransform
from onion_pipeline.evaluation.metrics import count_confusions
from onion_pipeline.evaluation.predictions import find_ids, predict_probabilities
from onion_pipeline.evaluation.sampling import draw_evenly
from onion_pipeline.explanation.attention import (
    Patches,
    map_attention,
    map_occlusion,
    place_patches,
)
from onion_pipeline.explanation.embedding import project, read_features
from onion_pipeline.explanation.report import Report

# What the page has room for.
EPOCHS, KERNELS = 60, 32
LONGEST_CELL, ALL_CELLS = 12, 480  # pictures
LARGEST_CELLS = 3 << 19  # bytes of them together
LARGEST_MAP = 400  # pictures
CELL_SIDE, MAP_SIDE, DRAW_SIDE = 48, 32, 112  # pixels
# Of all pictures with one patch covered after the other. If overlapping patches took more, a minute
# of a slow machine, they lie side by side.
LARGEST_OCCLUSION = 200_000_000_000  # multiply-adds


def add_attention(
    report: Report, model: KerasModel, images: Pixels, predictions: DataFrame
) -> None:
    """Say of each picture of the report, uint8 (N, H, W, C), where the network looked.

    The report gets ``occlusion``, the places of the patches; each of its ``pictures`` gets
    ``attention`` and ``occlusion``, arrays.
    """
    pictures = report.description["pictures"]
    chosen = find_ids(predictions["predicted"], report.description["class_names"])
    maps = map_attention(model, images, chosen)
    patches = _place_patches(report, images.shape)
    for number, picture in enumerate(pictures):
        lost = map_occlusion(model, images[number], int(chosen[number]), patches)
        picture["attention"] = report.add(maps[number])
        picture["occlusion"] = report.add(lost)
    report.description["occlusion"] = patches._asdict()


def add_augmentation(
    report: Report, model: KerasModel, drawn: Sequence[DrawnTransform], picture: int
) -> None:
    """Show a picture as each transform of a policy changes it, and what the network says then.

    Args:
        report: gets ``augmentation``; nothing where there are no transforms.
        model: that answers.
        drawn: from :func:`~onion_pipeline.augmentation.replay.draw_policy`.
        picture: which one of the report they have changed.
    """
    transforms = [
        {**each._asdict(), "draws": _describe_draws(report, model, each.draws)} for each in drawn
    ]
    if transforms:
        report.description["augmentation"] = {"picture": picture, "transforms": transforms}


def add_learning(
    report: Report, history: DataFrame, kernels: NDArray[np.float32], layer: str | None
) -> None:
    """Tell how loss and accuracy changed from epoch to epoch, and the first kernels with them.

    Args:
        report: gets ``learning``.
        history: one row per epoch.
        kernels: float32, (1 + epochs, height, width, channels, filters); the first before any
            training. Empty ones for a network without a convolution.
        layer: the name of theirs.
    """
    frames = None
    if kernels.size and layer is not None:
        shown = np.unique(np.linspace(0, len(kernels) - 1, EPOCHS).round().astype(int)).tolist()
        pixels = [report.add(kernels[at, ..., :KERNELS]) for at in shown]
        origin = report.description.get("backbone", {}).get("origin")
        is_random = "backbone" not in report.description or origin == "none"
        frames = {"layer": layer, "epochs": shown, "frames": pixels, "is_random": is_random}
    rows = history.astype(object).where(history.notna(), None).to_dict("records")
    report.description["learning"] = {"history": rows, "kernels": frames}


def add_confusion(
    report: Report, images: Pixels, predictions: DataFrame, class_names: Sequence[str]
) -> None:
    """Count which class was taken for which, with the surest pictures of each cell.

    The report gets ``confusion``: ``counts``, rows true and columns predicted, and ``cells`` with
    the pictures of those that are not empty; `images`, uint8 (N, H, W, C), are all of the test.
    """
    table = predictions.reset_index(drop=True)
    surest = table.sort_values(["confidence", "path"], ascending=[False, True])
    cells = surest.groupby(["label", "predicted"], sort=True)
    size = shrink_images(images[:1], CELL_SIDE).nbytes
    room = min(ALL_CELLS, LARGEST_CELLS // size) // max(1, len(cells))
    most = max(1, min(LONGEST_CELL, room))
    report.description["confusion"] = {
        "counts": count_confusions(table, class_names).tolist(),
        "cells": [
            {
                "label": label,
                "predicted": predicted,
                "pictures": describe_answers(report, images, rows.head(most)),
            }
            for (label, predicted), rows in cells
        ],
    }


def add_map(
    report: Report, model: KerasModel, images: Pixels, predictions: DataFrame, seed: int
) -> None:
    """Lay test images out by how alike the network finds them.

    The report gets ``map``, with the ``method`` and, where it can be told, the share of the
    ``variance`` that the map shows. `images`, uint8 (N, H, W, C), are all of the test; where there
    are too many, the map has as many of each class.
    """
    chosen = draw_evenly(predictions["label"].to_numpy(), LARGEST_MAP, seed)
    shown = np.ascontiguousarray(images[chosen])
    projection = project(read_features(model, shown), seed)
    points = predictions.iloc[chosen][["label", "predicted", "path"]]
    points[["x", "y"]] = projection.places
    report.description["map"] = {
        "method": projection.method,
        "variance": projection.variance,
        "thumbnails": report.add(shrink_images(shown, MAP_SIDE)),
        "points": points.to_dict("records"),
    }


def describe_answers(report: Report, images: Pixels, rows: DataFrame) -> list[dict[str, Any]]:
    """Return some rows of the table of predictions with small pictures, which the report gets.

    The index of the rows tells which of the `images`, uint8 (N, H, W, C), they are.
    """
    small = shrink_images(np.stack([images[at] for at in rows.index]), CELL_SIDE)
    told = rows[["path", "label", "predicted", "confidence"]].astype({"confidence": float})
    return told.assign(pixels=[report.add(pixels) for pixels in small]).to_dict("records")


def shrink_images(images: Pixels, side: int) -> Pixels:
    """Return uint8 (N, H, W, C) pictures, reduced to at most `side` pixels in height and width.

    N is at least 1 and C 1 or 3. Pixels are the means of blocks; small pictures stay as they are.
    """
    step = -(-max(images.shape[1:3]) // side)
    if step == 1:
        return images
    planes = images[..., 0] if images.shape[3] == 1 else images
    small = [np.asarray(Image.fromarray(plane).reduce(step)) for plane in planes]
    return np.stack(small).reshape(len(images), *small[0].shape[:2], images.shape[3])


def _describe_draws(
    report: Report, model: KerasModel, draws: Sequence[Draw]
) -> list[dict[str, Any]]:
    answers = predict_probabilities(model, np.stack([draw.image for draw in draws])).tolist()
    return [
        {
            "pixels": report.add(_shrink_draw(draw.image)),
            "arguments": draw.arguments,
            "probabilities": answer,
        }
        for draw, answer in zip(draws, answers, strict=True)
    ]


def _shrink_draw(image: Pixels) -> Pixels:
    """Return a picture as it is shown in a row of others."""
    pixels: Pixels = shrink_images(image[None], DRAW_SIDE)[0]
    return pixels


def _place_patches(report: Report, shape: tuple[int, ...]) -> Patches:
    patches = place_patches(shape[1:3])
    cost = report.description["model"]["multiply_adds"] or 0
    work = cost * shape[0] * len(patches.tops) * len(patches.lefts)
    return place_patches(shape[1:3], overlap=work <= LARGEST_OCCLUSION)
