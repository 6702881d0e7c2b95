"""The lines that end a run: what came out, where it is, what to do next."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import click
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.hooks.messages import show_path

NEXT = (
    ("kedro viz run", "the pipeline with its figures"),
    ("make ui", "runs, figures and model versions in MLflow (or: mlflow ui)"),
    ("kedro run --params images=path/to/photos", "train on your own pictures"),
)
PREDICT = "kedro run --pipelines predict --params images=new_photos"
PROMOTE = "promote.version="


class ClosingSummary:
    """Says at the end what came out, where it is and what to do next."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print the summary."""
        lines = summarize(pipeline.all_outputs(), catalog)
        if lines:
            click.echo("\n" + "\n".join(lines) + "\n")


def summarize(outputs: Collection[str], catalog: CatalogProtocol) -> list[str]:
    """Return the closing lines of a run that made `outputs`; none if there is little to say."""
    return [line for name, report in REPORTS if name in outputs for line in report(catalog)]


def _suggest_next(catalog: CatalogProtocol) -> list[str]:
    registration: dict[str, Any] = catalog.load("registration")
    commands = [*NEXT, (PREDICT, "classify new ones")]
    if registration["status"] == "pending":
        later = "track and register this model, once MLflow answers"
        commands = [(registration["command"], later), *NEXT]
    elif registration["alias"] == "challenger":
        by_this = f"{PREDICT},predict.model={registration['uri']}"
        commands[-1:] = [
            (by_this, "classify new ones"),
            (_promote(registration), "let this model take the champion's place all the same"),
        ]
    lines = [line for command, purpose in commands for line in (f"  {purpose}", f"    {command}")]
    return ["", "Next", *lines]


def _promote(registration: dict[str, Any]) -> str:
    """Return the command that makes a version champion, with the parameters of its run."""
    command = registration["command"].replace("--pipelines register", "--pipelines promote", 1)
    joined = f"{command}," if " --params " in command else f"{command} --params "
    return f"{joined}{PROMOTE}{registration['version']}"


def _line(title: str, text: str) -> str:
    return f"{title:<14}{text}"


def _report_quarantine(catalog: CatalogProtocol) -> list[str]:
    refused = len(catalog.load("quarantine"))
    if not refused:
        return []
    total, where = len(catalog.load("image_index")), show_path(catalog, "quarantine")
    return [_line("Quarantined", f"{refused} of {total} files, see {where}")]


def _report_duplicates(catalog: CatalogProtocol) -> list[str]:
    found: dict[str, Any] = catalog.load("data_report")["duplicates"]
    pairs = found["exact_pairs"] + found["near_pairs"]
    if not pairs:
        return []
    contradicting = found["contradicting_labels"]["pairs"]
    unlike = f", {contradicting} with different labels" if contradicting else ""
    where = show_path(catalog, "duplicates")
    return [_line("Duplicates", f"{pairs} pairs of equal or like pictures{unlike}, see {where}")]


def _report_metrics(catalog: CatalogProtocol) -> list[str]:
    metrics: dict[str, Any] = catalog.load("metrics")
    low, high = metrics["accuracy_interval"]
    level = catalog.load("params:evaluate").confidence_level
    figures = Path(show_path(catalog, "confusion_matrix")).parent
    return [
        _line(
            "Test accuracy",
            f"{metrics['accuracy']:.4f}  ({level:.0%} interval {low:.4f} to {high:.4f}, "
            f"{metrics['test_images']} images)",
        ),
        _line("Figures", f"{figures}/"),
    ]


def _report_baselines(catalog: CatalogProtocol) -> list[str]:
    accuracies: dict[str, float] = catalog.load("baselines").set_index("model")["accuracy"]
    pixels, majority = accuracies["logistic_regression"], accuracies["majority_class"]
    text = f"{pixels:.4f} by logistic regression on pixels, {majority:.4f} by the largest class"
    return [_line("Without it", text)]


def _report_slices(catalog: CatalogProtocol) -> list[str]:
    slices = catalog.load("slices")
    return [
        _line("Weakest", f"{row.column} {row.value}: {row.accuracy:.4f} on {row.images} images")
        for row in slices[slices["is_worst"]].itertuples()
    ]


def _report_layers(catalog: CatalogProtocol) -> list[str]:
    return [_line("Onion report", f"{show_path(catalog, 'onion_report')}, opens in a browser")]


def _report_card(catalog: CatalogProtocol) -> list[str]:
    return [_line("Model card", show_path(catalog, "model_card_page"))]


def _report_registration(catalog: CatalogProtocol) -> list[str]:
    registration: dict[str, Any] = catalog.load("registration")
    if registration["status"] == "pending":
        return [_line("Unregistered", registration["reason"])]
    name, version = registration["model_name"], registration["version"]
    return [
        _line("Registered", f"{name} version {version}, alias {registration['alias']}"),
        _line("Gate", f"{registration['decision']}: {registration['reason']}"),
    ]


def _report_label_issues(catalog: CatalogProtocol) -> list[str]:
    audited = sum(
        len(catalog.load(name)) for name in ("out_of_fold_predictions", "test_predictions")
    )
    wrong, where = len(catalog.load("label_issues")), show_path(catalog, "label_issues")
    return [_line("Labels", f"{wrong} of {audited} are probably wrong, see {where}")]


def _report_predictions(catalog: CatalogProtocol) -> list[str]:
    predictions, unreadable = catalog.load("predictions"), catalog.load("unreadable_images")
    version = predictions["model_version"].iloc[0]
    lines = [
        _line(
            "Predictions",
            f"{len(predictions)} images by model version {version}, "
            f"see {show_path(catalog, 'predictions')}",
        )
    ]
    if len(unreadable):
        where = show_path(catalog, "unreadable_images")
        lines.append(_line("Unreadable", f"{len(unreadable)} files, see {where}"))
    return lines


def _report_verification(catalog: CatalogProtocol) -> list[str]:
    compared, where = catalog.load("verification"), show_path(catalog, "verification")
    found = "; ".join(compared["found"]) or "nothing differs"
    return [_line("Compared", f"{compared['model']}: {found}, see {where}")]


def _report_reproduction(catalog: CatalogProtocol) -> list[str]:
    found, where = catalog.load("reproduction"), show_path(catalog, "reproduction")
    return [_line("Verified", f"{found['model']}: {found['status']}, see {where}")]


# What the closing lines speak of, in their order, where a run has made it.
REPORTS: tuple[tuple[str, Callable[[CatalogProtocol], list[str]]], ...] = (
    ("quarantine", _report_quarantine),
    ("data_report", _report_duplicates),
    ("metrics", _report_metrics),
    ("baselines", _report_baselines),
    ("slices", _report_slices),
    ("onion_report", _report_layers),
    ("model_card_page", _report_card),
    ("registration", _report_registration),
    ("label_issues", _report_label_issues),
    ("predictions", _report_predictions),
    ("verification", _report_verification),
    ("reproduction", _report_reproduction),
    ("registration", _suggest_next),
)
