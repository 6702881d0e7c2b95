"""What the test says of a model, for its card."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from onion_pipeline.annotations import DataFrame
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import (
    escape_text,
    is_known,
    show_interval,
    show_number,
    show_share,
)

LISTED = 30  # classes
CONFUSIONS = 5
UNKNOWN = "unknown"
TOP = re.compile(r"top_(\d+)_accuracy")


class Figure(NamedTuple):
    """A figure of the test, and what it says to whoever does not know it.

    Args:
        title: its name.
        meaning: in one line.
        show: writes it.
    """

    title: str
    meaning: str
    show: Callable[[float], str] = show_share


FIGURES = {
    "accuracy": Figure("Accuracy", "pictures that got the right class"),
    "balanced_accuracy": Figure(
        "Balanced accuracy",
        "the same with every class counting alike, however many pictures it has",
    ),
    "macro_f1": Figure(
        "Macro F1",
        "precision and recall (see below) in one figure, the mean over the classes; 1 is perfect",
        show_number,
    ),
    "log_loss": Figure("Log loss", "how far off the probabilities are; 0 is perfect", show_number),
}


def describe_results(findings: Findings) -> dict[str, Any]:
    """Return the figures of the test, of each class, and the commonest mistakes."""
    report = findings.class_report
    return {
        "rows": show_figures(findings.metrics, {**FIGURES, **_find_top_figures(findings.metrics)}),
        "classes": [] if report is None else _show_classes(report),
        "left_out": 0 if report is None else max(0, len(report) - LISTED),
        "confusions": _show_confusions(findings.test_predictions),
    }


def show_figures(metrics: Mapping[str, Any], figures: Mapping[str, Figure]) -> list[list[str]]:
    """Return name, value with its interval, and meaning of those figures that have a value."""
    return [
        [figure.title, _show_figure(metrics, name, figure.show), figure.meaning]
        for name, figure in figures.items()
        if is_known(metrics.get(name))
    ]


def find_confusions(predictions: DataFrame) -> DataFrame:
    """Return the mistakes by their frequency: columns ``label``, ``predicted``, ``images``."""
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    counts = wrong.groupby(["label", "predicted"]).size().rename("images").reset_index()
    return counts.sort_values("images", ascending=False, kind="stable", ignore_index=True)


def _show_figure(metrics: Mapping[str, Any], name: str, show: Callable[[float], str]) -> str:
    low, high = metrics.get(f"{name}_interval") or (None, None)
    value = show(metrics[name])
    if not (is_known(low) and is_known(high)):
        return value
    return f"{value} ({show_interval(low, high, share=show is show_share)})"


def _find_top_figures(metrics: dict[str, Any]) -> dict[str, Figure]:
    """Return the figures that say how often the right class is among the k likeliest."""
    found = {name: TOP.fullmatch(name) for name in metrics}
    return {
        name: Figure(f"Top-{match[1]} accuracy", f"right class among the {match[1]} likeliest")
        for name, match in found.items()
        if match
    }


def _show_classes(report: DataFrame) -> list[list[str]]:
    """Return rows of the class table, the weakest first where there are too many for all."""
    if len(report) > LISTED:
        report = report.sort_values("f1", kind="stable").head(LISTED)
    return [
        [escape_text(row["class"]), f"{int(row['support']):,}", *_show_class(row)]
        for row in report.to_dict("records")
    ]


def _show_class(row: Mapping[str, Any]) -> list[str]:
    """Return precision, recall and F1 of a class, as far as they have a value."""
    if not row["support"]:
        return ["no test pictures", UNKNOWN, UNKNOWN]
    precision = show_share(row["precision"]) if is_known(row["precision"]) else "never named"
    return [precision, show_share(row["recall"]), show_number(row["f1"])]


def _show_confusions(predictions: DataFrame | None) -> list[list[str]]:
    if predictions is None:
        return []
    confusions = find_confusions(predictions)
    repeated = confusions[confusions["images"] > 1].head(CONFUSIONS)
    return [
        [escape_text(row["label"]), escape_text(row["predicted"]), f"{row['images']:,}"]
        for row in repeated.to_dict("records")
    ]
