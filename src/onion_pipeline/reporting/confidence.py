"""How far a model's confidence can be believed, for its card."""

from collections.abc import Iterator
from typing import Any

from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import is_known, show_level, show_number, show_share
from onion_pipeline.reporting.results import Figure, show_figures

FIGURES = {
    "calibration_error": Figure(
        "Calibration error",
        "how far the confidence and the share of right answers lie apart, on average; 0 is perfect",
    ),
    "brier_score": Figure(
        "Brier score", "mean squared error of the probabilities; 0 is perfect", show_number
    ),
}


def describe_confidence(findings: Findings) -> dict[str, Any] | None:
    """Return calibration, abstention and prediction sets, as far as they are known."""
    rows = show_figures(findings.metrics, FIGURES)
    paragraphs = [*_describe_temperature(findings), *_describe_operation(findings)]
    if not (rows or paragraphs):
        return None
    return {"rows": rows, "paragraphs": paragraphs}


def _describe_temperature(findings: Findings) -> Iterator[str]:
    temperature = (findings.calibration or {}).get("temperature")
    if is_known(temperature) and temperature != 1:
        before = "more" if temperature > 1 else "less"
        yield (
            f"Its probabilities were adjusted on the validation pictures (temperature "
            f"{temperature:.2f}): without that it would be {before} sure of itself. The class that "
            "it names stays the same."
        )


def find_threshold(findings: Findings) -> float | None:
    """Return the confidence below which the model abstains; ``None`` if it always answers."""
    threshold = (findings.operating_point or {}).get("confidence_threshold")
    return threshold if is_known(threshold) and threshold > 0 else None


def _describe_operation(findings: Findings) -> Iterator[str]:
    point, metrics, threshold = (
        findings.operating_point or {},
        findings.metrics,
        find_threshold(findings),
    )
    wanted = point.get("target_accuracy")
    if threshold is None and is_known(wanted):
        yield (
            f"It answers every picture: the {show_level(wanted)} of right answers that were asked "
            "for do not need it to abstain."
        )
    elif threshold is not None and threshold > 1:
        yield "It abstains from every picture: at no confidence is it right as often as is wanted."
    elif threshold is not None:
        yield f"It abstains where its confidence is below {threshold:.3f}.{_tell_answered(metrics)}"
    if is_known(point.get("set_coverage")):
        yield _describe_sets(point["set_coverage"], metrics)


def _tell_answered(metrics: dict[str, Any]) -> str:
    answered, right = metrics.get("answered"), metrics.get("answered_accuracy")
    if not (is_known(answered) and is_known(right)):
        return ""
    return (
        f" In the test it answered {show_share(answered)} of the pictures, and was right in "
        f"{show_share(right)} of these."
    )


def _describe_sets(wanted: float, metrics: dict[str, Any]) -> str:
    """Return what the prediction sets promise, and what the test says of that."""
    held, size = metrics.get("set_coverage"), metrics.get("set_size")
    promise = (
        "Beside the one class it gives a set of classes: the less sure it is, the larger. Sets are "
        f"made so that {show_level(wanted)} of them or more hold the right class"
    )
    if not (is_known(held) and is_known(size)):
        return f"{promise}."
    return f"{promise}; in the test {show_share(held)} did, with {size:.2f} classes on average."
