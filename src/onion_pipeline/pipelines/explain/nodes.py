"""Nodes that explain the network."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, ImageFigure, KerasModel, Pixels
from onion_pipeline.augmentation.policy import Step
from onion_pipeline.augmentation.replay import draw_policy
from onion_pipeline.evaluation.predictions import find_ids, tabulate_probabilities
from onion_pipeline.explanation import figures, sections
from onion_pipeline.explanation.attention import map_attention
from onion_pipeline.explanation.page.rendering import render_page
from onion_pipeline.explanation.pictures import choose_pictures, read_pictures
from onion_pipeline.explanation.report import describe_network
from onion_pipeline.explanation.selection import count_pictures
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.model.architecture import find_backbone, read_layers
from onion_pipeline.model.graph import find_convolution
from onion_pipeline.parameters import (
    BuildParameters,
    EvaluateParameters,
    ExplainParameters,
    IngestParameters,
    RegisterParameters,
)
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.trust import add_trust
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig


def choose_explained_images(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    class_names: list[str],
    rendering: dict[str, Any],
    parameters: ExplainParameters,
) -> tuple[Pixels, DataFrame]:
    """Choose test images of all classes, some of them mistakes, or read those that were named."""
    most = count_pictures(calibrated_model, parameters.pictures)
    if parameters.images is None:
        rows = choose_pictures(test_predictions, most)
        return test_images["image"][rows], test_predictions.iloc[rows].reset_index(drop=True)
    config = ServingConfig(class_names, calibrated_model.input_shape[1:], Rendering(**rendering))
    classifier = Classifier(calibrated_model, config)
    images, paths = read_pictures(parameters.images, most, classifier)
    answers = classifier.predict(images)
    return images, tabulate_probabilities(answers, paths, [""] * len(paths), class_names)


def draw_attention(
    calibrated_model: KerasModel,
    explained_images: Pixels,
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
    explained_images: Pixels,
    explained_predictions: DataFrame,
    augmentation_policy: list[Step],
    training_history: DataFrame,
    kernel_history: NDArray[np.float32],
    test_images: LabelledImages,
    test_predictions: DataFrame,
    metrics: dict[str, Any],
    calibration: dict[str, Any],
    operating_point: dict[str, Any],
    baselines: DataFrame,
    class_report: DataFrame,
    slices: DataFrame,
    robustness: DataFrame,
    data_report: dict[str, Any],
    ingest: IngestParameters,
    evaluate: EvaluateParameters,
    register: RegisterParameters,
    build: BuildParameters,
    parameters: ExplainParameters,
    seed: int,
) -> str:
    """Show what each layer does to pictures, on one page that opens offline."""
    model, pictures = calibrated_model, np.ascontiguousarray(explained_images)
    backbone = find_backbone(read_layers(build.layers))
    findings = Findings(
        model_name=register.model_name,
        backbone=backbone,
        class_names=class_names,
        image_shape=model.input_shape[1:],
        resize=ingest.resize,
        confidence_level=evaluate.confidence_level,
        metrics=metrics,
        calibration=calibration,
        operating_point=operating_point,
        baselines=baselines,
        class_report=class_report,
        slices=slices,
        robustness=robustness,
        data_report=data_report,
        test_predictions=test_predictions,
    )
    report = describe_network(model, pictures, explained_predictions, class_names, backbone)
    sections.add_attention(report, model, pictures, explained_predictions)
    # Of an answer that is less sure one sees more what a transform does to it.
    unsure = int(explained_predictions["confidence"].to_numpy().argmin())
    drawn = draw_policy(pictures[unsure], augmentation_policy, parameters.draws, seed)
    sections.add_augmentation(report, model, drawn, unsure)
    sections.add_learning(report, training_history, kernel_history, find_convolution(model))
    sections.add_confusion(report, test_images["image"], test_predictions, class_names)
    sections.add_map(report, model, test_images["image"], test_predictions, seed)
    add_trust(report, findings, test_images["image"])
    return render_page(report.description, report.tensors)
