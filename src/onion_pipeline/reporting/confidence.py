"""How far a model's confidence can be believed, for its card."""

from collections.abc import Iterator, Mapping
from typing import Any

from onion_pipeline.reporting import facts
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import is_known, show_level, show_share

FIGURES = ("calibration_error", "brier_score")


def describe_confidence(findings: Findings) -> dict[str, Any] | None:
    """Return calibration, abstention and prediction sets, as far as they are known."""
    metrics, point = findings.metrics, findings.operating_point or {}
    figures = list(facts.read_figures(metrics, FIGURES))
    paragraphs = [
        *_describe_calibration(findings.calibration or {}),
        *_describe_error(metrics),
        *_describe_abstention(point, metrics),
        *_describe_sets(point.get("set_coverage"), metrics),
    ]
    return {"figures": figures, "paragraphs": paragraphs} if figures or paragraphs else None


def _describe_calibration(calibration: Mapping[str, Any]) -> Iterator[str]:
    temperature, is_shifted = calibration.get("temperature"), any(calibration.get("shifts") or [])
    if is_known(temperature) and temperature != 1:
        before = "more" if temperature > 1 else "less"
        yield (
            f"Its probabilities were adjusted on the validation pictures (temperature "
            f"{temperature:.2f}): without that it would be {before} sure of itself."
            + ("" if is_shifted else " The class that it names stays the same.")
        )
    if calibration.get("class_frequencies") == "uniform":
        yield (
            "Its answers are for pictures of which each class comes equally often. Where some come "
            "more often than others, it names the rare ones too often, and its probabilities of "
            "them are too high."
        )
    elif is_shifted:
        yield (
            "While it learned, every class counted alike. Its answers are for classes that come as "
            "often as in the training pictures: where they come with other frequencies, its "
            "probabilities are off."
        )


def _describe_error(metrics: Mapping[str, Any]) -> Iterator[str]:
    expected, p_value = (
        metrics.get(name) for name in ("calibration_error_by_chance", "calibration_p_value")
    )
    if is_known(expected) and is_known(p_value):
        explained = "larger than" if p_value <= facts.SIGNIFICANCE else "no larger than"
        yield (
            f"Its calibration error is {explained} chance explains: on as many pictures, "
            f"probabilities that are right have one of {show_share(expected)} on average."
        )


def _describe_abstention(point: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[str]:
    threshold, wanted = facts.find_threshold(point), point.get("target_accuracy")
    answered, right = metrics.get("answered"), metrics.get("answered_accuracy")
    if threshold is None:
        if is_known(wanted):
            yield (
                f"It answers every picture: the {show_level(wanted)} of right answers that were "
                "asked for do not need it to abstain."
            )
    elif threshold > 1:
        yield "It abstains from every picture: at no confidence is it right as often as is wanted."
    else:
        said = f"It abstains where its confidence is below {threshold:.3f}."
        if is_known(answered) and is_known(right):
            said += (
                f" In the test it answered {show_share(answered)} of the pictures, and was right "
                f"in {show_share(right)} of these."
            )
        yield said


def _describe_sets(wanted: Any, metrics: Mapping[str, Any]) -> Iterator[str]:
    held, size = metrics.get("set_coverage"), metrics.get("set_size")
    several = metrics.get("sets_of_several")
    if not is_known(wanted):
        return
    said = (
        "Beside the one class it gives a set of classes, made so that "
        f"{show_level(wanted)} of the sets or more hold the right one"
    )
    if not (is_known(held) and is_known(size)):
        yield f"{said}."
    elif several == 0:
        yield (
            f"{said}. In the test each set had one class, the one that it names, and "
            f"{show_share(held)} were right: it is right more often than the sets need to be, and "
            "they say no more than its answer."
        )
    else:
        yield (
            f"{said}: the less sure it is, the larger. In the test {show_share(held)} did, with "
            f"{size:.2f} classes on average."
        )
