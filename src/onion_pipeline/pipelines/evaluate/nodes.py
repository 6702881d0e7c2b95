"""Nodes that test the network."""

from typing import Any

from onion_pipeline.annotations import DataFrame, ImageFigure, KerasModel, PlotlyFigure
from onion_pipeline.evaluation import figures, metrics, predictions
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import EvaluateParameters


def predict_test_images(
    trained_model: KerasModel,
    test_images: LabelledImages,
    image_splits: DataFrame,
    class_names: list[str],
) -> DataFrame:
    """Classify the test images, once."""
    probabilities = predictions.predict_probabilities(trained_model, test_images["image"])
    return predictions.tabulate_predictions(
        test_images, probabilities, image_splits["path"], class_names
    )


def compute_metrics(
    test_predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> dict[str, Any]:
    """Compute the figures of the test."""
    return metrics.compute_metrics(
        test_predictions, class_names, parameters.confidence_level, parameters.top_k
    )


def report_classes(test_predictions: DataFrame, class_names: list[str]) -> DataFrame:
    """Compute precision, recall and F1 of each class."""
    return metrics.report_classes(test_predictions, class_names)


def plot_confusion_matrix(test_predictions: DataFrame, class_names: list[str]) -> PlotlyFigure:
    """Show which classes are taken for which."""
    return figures.plot_confusion_matrix(test_predictions, class_names)


def draw_mistakes(
    test_predictions: DataFrame, test_images: LabelledImages, parameters: EvaluateParameters
) -> ImageFigure:
    """Show the most confident mistakes."""
    return figures.draw_mistakes(test_predictions, test_images, parameters.worst_mistakes)
