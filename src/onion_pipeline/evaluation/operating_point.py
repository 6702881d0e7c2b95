"""From which confidence on an answer counts, and which classes are in a prediction set."""

from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation import conformal
from onion_pipeline.evaluation.abstention import choose_threshold, measure_abstention
from onion_pipeline.evaluation.predictions import read_predictions
from onion_pipeline.parameters import EvaluateParameters


def fit_operating_point(
    predictions: DataFrame, class_names: list[str], parameters: EvaluateParameters
) -> dict[str, Any]:
    """Return the thresholds that fit the predictions of the validation images.

    Returns:
        ``confidence_threshold``, below which answers are marked as abstained, or ``None`` to mark
        none; the ``target_accuracy`` or the ``target_coverage`` that was wanted;
        ``set_threshold``, from which probability on a class is in the prediction set;
        ``set_coverage``, the share of sets that is to hold the right class;
        ``validation_images``, how many it was chosen on.
    """
    truth, probabilities = read_predictions(predictions, class_names)
    is_right = (predictions["label"] == predictions["predicted"]).to_numpy()
    wanted = parameters.model_dump(include={"target_accuracy", "target_coverage"})
    coverage = parameters.set_coverage
    return {
        "confidence_threshold": choose_threshold(probabilities.max(axis=1), is_right, **wanted),
        **wanted,
        "set_threshold": conformal.find_conformal_threshold(truth, probabilities, coverage),
        "set_coverage": coverage,
        "validation_images": len(predictions),
    }


def measure_operating_point(
    predictions: DataFrame, class_names: list[str], point: dict[str, Any], confidence_level: float
) -> dict[str, Any]:
    """Return what an operating point of :func:`fit_operating_point` does to the test images.

    Returns:
        The figures of :func:`~onion_pipeline.evaluation.abstention.measure_abstention` and
        :func:`~onion_pipeline.evaluation.conformal.measure_sets`; ``set_coverage_interval``, in
        which the coverage of the threshold lies by chance, and ``set_coverage_holds``: 1, or 0 if
        it is below. It may be above, where many probabilities are the same.
    """
    truth, probabilities = read_predictions(predictions, class_names)
    is_right = probabilities.argmax(axis=1) == truth
    confidence, threshold = probabilities.max(axis=1), point["confidence_threshold"]
    sets = conformal.measure_sets(truth, probabilities, point["set_threshold"])
    low, high = conformal.expect_coverage(
        point["set_coverage"], point["validation_images"], len(truth), confidence_level
    )
    return {
        **measure_abstention(confidence, is_right, threshold, confidence_level),
        **sets,
        "set_coverage_interval": [low, high],
        "set_coverage_holds": float(sets["set_coverage_of_threshold"] >= low),
    }
