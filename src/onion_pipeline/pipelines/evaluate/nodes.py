"""Nodes that test the network."""

import logging
from functools import partial
from typing import Any

import numpy as np

from onion_pipeline.annotations import DataFrame, ImageFigure, KerasModel, PlotlyFigure
from onion_pipeline.augmentation.corruptions import SEVERITIES, corrupt_images, list_corruptions
from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.variants import make_variants
from onion_pipeline.evaluation import (
    baselines,
    calibration,
    figures,
    metrics,
    predictions,
    robustness,
    slices,
    trust_figures,
)
from onion_pipeline.evaluation.abstention import UNREACHED
from onion_pipeline.evaluation.operating_point import (
    OperatingPoint,
    measure_operating_point,
)
from onion_pipeline.evaluation.operating_point import (
    choose_operating_point as choose,
)
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import EvaluateParameters

logger = logging.getLogger(__name__)


def calibrate_model(
    trained_model: KerasModel, validation_images: LabelledImages
) -> tuple[KerasModel, dict[str, Any]]:
    """Divide the scores by the temperature that fits the validation images best."""
    model, found = calibration.calibrate_model(
        trained_model, validation_images["image"], validation_images["label"]
    )
    return model, found._asdict()


def predict_validation_images(
    calibrated_model: KerasModel,
    validation_images: LabelledImages,
    image_splits: DataFrame,
    class_names: list[str],
) -> DataFrame:
    """Classify the validation images, once."""
    return _predict_images(calibrated_model, validation_images, image_splits, class_names)


def predict_test_images(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    image_splits: DataFrame,
    class_names: list[str],
) -> DataFrame:
    """Classify the test images, once."""
    return _predict_images(calibrated_model, test_images, image_splits, class_names)


def choose_operating_point(
    validation_predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> dict[str, Any]:
    """Choose from which confidence on an answer counts, and what is in a prediction set."""
    point = choose(validation_predictions, class_names, parameters)
    if point.confidence_threshold == UNREACHED:
        logger.warning(
            "However sure the network is, fewer than %s of its answers are right: all are marked "
            "as abstained. Lower evaluate.target_accuracy, or set it to null for none",
            point.target_accuracy,
        )
    return point._asdict()


def compute_metrics(
    test_predictions: DataFrame,
    class_names: list[str],
    calibrated: dict[str, Any],
    operating_point: dict[str, Any],
    variant_predictions: DataFrame,
    sliced: DataFrame,
    damaged: DataFrame,
    parameters: EvaluateParameters,
) -> dict[str, Any]:
    """Compute the figures of the test."""
    truth = predictions.find_ids(test_predictions["label"], class_names)
    probabilities = predictions.read_probabilities(test_predictions, class_names)
    level = parameters.confidence_level
    return {
        **metrics.compute_metrics(test_predictions, class_names, level, parameters.top_k),
        **calibration.measure_calibration(truth, probabilities, calibrated["temperature"]),
        **measure_operating_point(
            test_predictions, class_names, OperatingPoint(**operating_point), level
        ),
        **metrics.measure_variants(variant_predictions, class_names),
        **slices.measure_slices(sliced),
        **robustness.measure_robustness(damaged),
    }


def report_classes(
    test_predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> DataFrame:
    """Compute precision, recall and F1 of each class."""
    return metrics.report_classes(test_predictions, class_names, parameters.confidence_level)


def plot_reliability(
    test_predictions: DataFrame,
    class_names: list[str],
    calibrated: dict[str, Any],
    parameters: EvaluateParameters,
) -> PlotlyFigure:
    """Show how often answers of each confidence are right, before and after calibration."""
    return trust_figures.plot_reliability(
        predictions.find_ids(test_predictions["label"], class_names),
        predictions.read_probabilities(test_predictions, class_names),
        calibrated["temperature"],
        parameters.confidence_level,
    )


def plot_risk_coverage(
    test_predictions: DataFrame, operating_point: dict[str, Any]
) -> PlotlyFigure:
    """Show how many mistakes are left when only the surest answers count."""
    return trust_figures.plot_risk_coverage(
        test_predictions["confidence"].to_numpy(),
        (test_predictions["label"] == test_predictions["predicted"]).to_numpy(),
        operating_point["confidence_threshold"],
    )


def predict_variants(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    augmentation_policy: list[Step],
    image_splits: DataFrame,
    class_names: list[str],
    parameters: EvaluateParameters,
    seed: int,
) -> DataFrame:
    """Classify the test images by the mean over variants of each, if that is wanted."""
    copies = parameters.test_time_variants
    chosen = test_images if copies else test_images[:0]
    pipeline = compose(augmentation_policy)
    answers = [
        predictions.predict_probabilities(
            calibrated_model,
            chosen["image"],
            partial(make_variants, copies=copy, pipeline=pipeline, seed=seed),
        )
        for copy in range(1 + copies)
    ]
    return predictions.tabulate_predictions(
        chosen, np.mean(answers, axis=0), image_splits["path"], class_names
    )


def predict_baselines(
    train_images: LabelledImages,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    class_names: list[str],
    seed: int,
) -> DataFrame:
    """Classify the test images as one could without a network."""
    train = train_images["image"], train_images["label"].astype(np.int64)
    found = {
        "majority_class": baselines.predict_majority(train[1], len(test_images)),
        "logistic_regression": baselines.predict_by_pixels(train, test_images["image"], seed),
    }
    return baselines.tabulate_baselines(test_predictions, found, class_names)


def compare_baselines(
    test_predictions: DataFrame,
    baseline_predictions: DataFrame,
    class_names: list[str],
    parameters: EvaluateParameters,
) -> DataFrame:
    """Set the network beside what one could do without it."""
    table = baselines.compare_baselines(
        test_predictions, baseline_predictions, class_names, parameters.confidence_level
    )
    for name in baselines.list_unbeaten(table):
        logger.warning("The network is not significantly better than %s", name.replace("_", " "))
    return table


def slice_images(
    test_predictions: DataFrame,
    test_images: LabelledImages,
    image_index: DataFrame,
    parameters: EvaluateParameters,
) -> DataFrame:
    """Find out where the network is worse than on average."""
    files = image_index.set_index("path").loc[test_predictions["path"]].reset_index()
    return slices.slice_images(
        test_predictions,
        files,
        test_images["image"],
        parameters.fewest_in_slice,
        parameters.confidence_level,
    )


def damage_images(
    calibrated_model: KerasModel,
    test_images: LabelledImages,
    parameters: EvaluateParameters,
    seed: int,
) -> DataFrame:
    """Classify damaged test images."""
    rows = robustness.choose_pictures(test_images["label"], parameters.corrupted_images, seed)
    images, labels = test_images["image"][rows], test_images["label"][rows]
    if not len(rows):
        return robustness.tabulate_robustness(labels, labels, [])

    answer = partial(predictions.predict_probabilities, calibrated_model, images)
    damaged = (
        (
            name,
            category,
            severity,
            answer(partial(corrupt_images, name=name, severity=severity, seed=seed)).argmax(axis=1),
        )
        for name, category in list_corruptions(images.shape[3]).items()
        for severity in SEVERITIES
    )
    return robustness.tabulate_robustness(labels, answer().argmax(axis=1), damaged)


def plot_robustness(damaged: DataFrame) -> PlotlyFigure:
    """Show what accuracy is left when pictures are damaged."""
    return robustness.plot_robustness(damaged)


def draw_corruptions(test_images: LabelledImages, seed: int) -> ImageFigure:
    """Show one picture damaged in each way."""
    image = np.ascontiguousarray(test_images["image"][:1])
    return robustness.draw_corruptions(
        [
            (
                name,
                np.concatenate(
                    [image, *(corrupt_images(image, name, s, seed) for s in SEVERITIES)]
                ),
            )
            for name in list_corruptions(image.shape[3])
        ]
    )


def plot_confusion_matrix(test_predictions: DataFrame, class_names: list[str]) -> PlotlyFigure:
    """Show which classes are taken for which."""
    return figures.plot_confusion_matrix(test_predictions, class_names)


def draw_mistakes(
    test_predictions: DataFrame, test_images: LabelledImages, parameters: EvaluateParameters
) -> ImageFigure:
    """Show the most confident mistakes."""
    return figures.draw_mistakes(test_predictions, test_images, parameters.worst_mistakes)


def _predict_images(
    model: KerasModel, images: LabelledImages, image_splits: DataFrame, class_names: list[str]
) -> DataFrame:
    probabilities = predictions.predict_probabilities(model, images["image"])
    return predictions.tabulate_predictions(
        images, probabilities, image_splits["path"], class_names
    )
