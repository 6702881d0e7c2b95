"""From which confidence on an answer counts, and which classes are in a prediction set."""

from typing import Any, NamedTuple

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation.abstention import choose_threshold, measure_abstention
from onion_pipeline.evaluation.conformal import (
    expect_coverage,
    find_conformal_threshold,
    measure_sets,
)
from onion_pipeline.evaluation.predictions import read_predictions
from onion_pipeline.parameters import EvaluateParameters


class OperatingPoint(NamedTuple):
    """What is served with the probabilities of a model, chosen on its validation images.

    Args:
        confidence_threshold: answers below it are marked as abstained; ``None`` marks none.
        target_accuracy: that was wanted.
        target_coverage: that was wanted instead.
        set_threshold: classes of this probability or more are in the prediction set.
        set_coverage: the share of sets that hold the right class.
        validation_images: how many it was chosen on.
    """

    confidence_threshold: float | None
    target_accuracy: float | None
    target_coverage: float | None
    set_threshold: float
    set_coverage: float
    validation_images: int


def fit_operating_point(
    predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> OperatingPoint:
    """Return the thresholds that fit the predictions of the validation images."""
    truth, probabilities = read_predictions(predictions, class_names)
    is_right = (predictions["label"] == predictions["predicted"]).to_numpy()
    wanted = parameters.target_accuracy, parameters.target_coverage
    return OperatingPoint(
        choose_threshold(probabilities.max(axis=1), is_right, *wanted),
        *wanted,
        find_conformal_threshold(truth, probabilities, parameters.set_coverage),
        parameters.set_coverage,
        len(predictions),
    )


def measure_operating_point(
    predictions: DataFrame,
    class_names: list[str],
    point: OperatingPoint,
    confidence_level: float,
) -> dict[str, Any]:
    """Return what an operating point does to the test images.

    Returns:
        The figures of :func:`~onion_pipeline.evaluation.abstention.measure_abstention` and
        :func:`~onion_pipeline.evaluation.conformal.measure_sets`; ``set_coverage_interval``, in
        which the coverage lies by chance, and ``set_coverage_holds``: 1, or 0 if it is below. It
        may be above: the likeliest class is in every set.
    """
    truth, probabilities = read_predictions(predictions, class_names)
    is_right = probabilities.argmax(axis=1) == truth
    confidence, threshold = probabilities.max(axis=1), point.confidence_threshold
    sets = measure_sets(truth, probabilities, point.set_threshold)
    low, high = expect_coverage(
        point.set_coverage, point.validation_images, len(truth), confidence_level
    )
    return {
        **measure_abstention(confidence, is_right, threshold, confidence_level),
        **sets,
        "set_coverage_interval": [low, high],
        "set_coverage_holds": float(sets["set_coverage"] >= low),
    }
