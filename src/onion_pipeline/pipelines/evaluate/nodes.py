"""Nodes that test the network."""

from typing import Any

from onion_pipeline.annotations import DataFrame, ImageFigure, KerasModel, PlotlyFigure
from onion_pipeline.evaluation import calibration, figures, metrics, predictions, trust_figures
from onion_pipeline.evaluation.operating_point import (
    OperatingPoint,
    measure_operating_point,
)
from onion_pipeline.evaluation.operating_point import (
    choose_operating_point as choose,
)
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import EvaluateParameters


def calibrate_model(
    trained_model: KerasModel, validation_images: LabelledImages
) -> tuple[KerasModel, dict[str, Any]]:
    """Divide the scores by the temperature that fits the validation images best."""
    model, found = calibration.calibrate_model(
        trained_model, validation_images["image"], validation_images["label"]
    )
    return model, found._asdict()


def predict_images(
    calibrated_model: KerasModel,
    images: LabelledImages,
    image_splits: DataFrame,
    class_names: list[str],
) -> DataFrame:
    """Classify the images of one split, once."""
    probabilities = predictions.predict_probabilities(calibrated_model, images["image"])
    return predictions.tabulate_predictions(
        images, probabilities, image_splits["path"], class_names
    )


def choose_operating_point(
    validation_predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> dict[str, Any]:
    """Choose from which confidence on an answer counts, and what is in a prediction set."""
    return choose(validation_predictions, class_names, parameters)._asdict()


def compute_metrics(
    test_predictions: DataFrame,
    class_names: list[str],
    calibrated: dict[str, Any],
    operating_point: dict[str, Any],
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


def plot_confusion_matrix(test_predictions: DataFrame, class_names: list[str]) -> PlotlyFigure:
    """Show which classes are taken for which."""
    return figures.plot_confusion_matrix(test_predictions, class_names)


def draw_mistakes(
    test_predictions: DataFrame, test_images: LabelledImages, parameters: EvaluateParameters
) -> ImageFigure:
    """Show the most confident mistakes."""
    return figures.draw_mistakes(test_predictions, test_images, parameters.worst_mistakes)
