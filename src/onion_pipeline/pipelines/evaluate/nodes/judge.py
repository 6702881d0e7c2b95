"""Nodes that judge what was predicted."""

import logging
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation.abstention import UNREACHED
from onion_pipeline.evaluation.baselines import compare_with_baselines, list_unbeaten
from onion_pipeline.evaluation.calibration import measure_calibration
from onion_pipeline.evaluation.clusters import find_clusters
from onion_pipeline.evaluation.frequencies import (
    compare_frequencies,
    measure_frequencies,
)
from onion_pipeline.evaluation.leaks import find_leaked, measure_without_leaked
from onion_pipeline.evaluation.metrics import (
    measure_predictions,
    measure_variants,
    tabulate_classes,
)
from onion_pipeline.evaluation.operating_point import fit_operating_point, measure_operating_point
from onion_pipeline.evaluation.predictions import read_predictions
from onion_pipeline.evaluation.robustness import measure_robustness
from onion_pipeline.evaluation.slices import measure_slices, tabulate_slices
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import EvaluateParameters

logger = logging.getLogger(__name__)


def choose_operating_point(
    validation_predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> dict[str, Any]:
    """Choose from which confidence on an answer counts, and what is in a prediction set."""
    point = fit_operating_point(validation_predictions, class_names, parameters)
    if point["confidence_threshold"] == UNREACHED:
        logger.warning(
            "However sure the network is, fewer than %s of its answers are right: all are marked "
            "as abstained. Lower evaluate.target_accuracy, or set it to null for none",
            point["target_accuracy"],
        )
    return point


def compute_metrics(
    test_predictions: DataFrame,
    class_names: list[str],
    calibration: dict[str, Any],
    operating_point: dict[str, Any],
    variant_predictions: DataFrame,
    slices: DataFrame,
    robustness: DataFrame,
    image_splits: DataFrame,
    parameters: EvaluateParameters,
) -> dict[str, Any]:
    """Compute the figures of the test."""
    truth, probabilities = read_predictions(test_predictions, class_names)
    level = parameters.confidence_level
    clusters = find_clusters(test_predictions, image_splits)
    return {
        **measure_predictions(test_predictions, class_names, level, parameters.top_k, clusters),
        **measure_calibration(truth, probabilities, calibration),
        **measure_without_leaked(
            test_predictions,
            find_leaked(image_splits, test_predictions["path"]),
            level,
            clusters,
        ),
        **measure_frequencies(truth, compare_frequencies(truth, probabilities, clusters)),
        **measure_operating_point(test_predictions, class_names, operating_point, level),
        **measure_variants(variant_predictions, class_names),
        **measure_slices(slices),
        **measure_robustness(robustness),
    }


def report_classes(
    test_predictions: DataFrame,
    class_names: list[str],
    image_splits: DataFrame,
    parameters: EvaluateParameters,
) -> DataFrame:
    """Compute precision, recall and F1 of each class, and how often it is to be expected."""
    level = parameters.confidence_level
    clusters = find_clusters(test_predictions, image_splits)
    table = tabulate_classes(test_predictions, class_names, level, clusters)
    found = compare_frequencies(*read_predictions(test_predictions, class_names), clusters)
    return table.assign(expected=found.expected, frequency_p_value=found.p_values)


def compare_baselines(
    test_predictions: DataFrame,
    baseline_predictions: DataFrame,
    class_names: list[str],
    parameters: EvaluateParameters,
) -> DataFrame:
    """Set the network beside what one could do without it."""
    table = compare_with_baselines(
        test_predictions, baseline_predictions, class_names, parameters.confidence_level
    )
    for name in list_unbeaten(table):
        logger.warning("The network is not significantly better than %s", name.replace("_", " "))
    return table


def slice_images(
    test_predictions: DataFrame,
    test_images: LabelledImages,
    image_index: DataFrame,
    image_splits: DataFrame,
    parameters: EvaluateParameters,
) -> DataFrame:
    """Find out where the network is worse than on average."""
    files = image_index.set_index("path").loc[test_predictions["path"]].reset_index()
    clusters = find_clusters(test_predictions, image_splits)
    return tabulate_slices(
        test_predictions,
        files if clusters is None else files.assign(cluster=clusters),
        test_images["image"],
        parameters.fewest_in_slice,
        parameters.confidence_level,
    )
