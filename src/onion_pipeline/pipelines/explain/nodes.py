"""Nodes that explain the network."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, ImageFigure, KerasModel
from onion_pipeline.augmentation.policy import Step
from onion_pipeline.augmentation.replay import draw_transform
from onion_pipeline.evaluation.predictions import (
    find_ids,
    predict_probabilities,
    tabulate_answers,
)
from onion_pipeline.explanation import figures, sections
from onion_pipeline.explanation.attention import map_attention
from onion_pipeline.explanation.page import render_page
from onion_pipeline.explanation.pictures import choose_pictures, read_pictures
from onion_pipeline.explanation.report import describe_network
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.images.decoding import make_rendering
from onion_pipeline.parameters import ExplainParameters, IngestParameters


def choose_explained_images(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    class_names: list[str],
    ingest: IngestParameters,
    parameters: ExplainParameters,
) -> tuple[NDArray[np.uint8], DataFrame]:
    """Choose test images of all classes, some of them mistakes, or read those that were named."""
    if parameters.images is None:
        rows = choose_pictures(test_predictions, parameters.pictures)
        return test_images["image"][rows], test_predictions.iloc[rows].reset_index(drop=True)
    shape = calibrated_model.input_shape[1:]
    images, paths = read_pictures(
        parameters.images, parameters.pictures, shape, make_rendering(ingest)
    )
    answers = predict_probabilities(calibrated_model, images)
    return images, tabulate_answers(answers, paths, [""] * len(paths), class_names)


def draw_attention(
    calibrated_model: KerasModel,
    explained_images: NDArray[np.uint8],
    explained_predictions: DataFrame,
    class_names: list[str],
) -> ImageFigure:
    """Show on which parts of pictures the answers rest."""
    answers = find_ids(explained_predictions["predicted"], class_names)
    maps = map_attention(calibrated_model, explained_images, answers)
    return figures.draw_attention(explained_images, maps, explained_predictions)


def write_onion_report(
    calibrated_model: KerasModel,
    class_names: list[str],
    explained_images: NDArray[np.uint8],
    explained_predictions: DataFrame,
    augmentation_policy: list[Step],
    parameters: ExplainParameters,
    seed: int,
) -> str:
    """Show what each layer does to pictures, on one page that opens offline."""
    report = describe_network(
        calibrated_model, explained_images, explained_predictions, class_names
    )
    sections.add_attention(report, calibrated_model, explained_images, explained_predictions)
    first = np.ascontiguousarray(explained_images[0])
    drawn = [
        (step["name"], draw_transform(first, step, parameters.draws, seed))
        for step in augmentation_policy
    ]
    sections.add_augmentation(report, calibrated_model, drawn)
    return render_page(report.description, report.tensors)
