"""The lines that end a run: what came out, where it is, what to do next."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.hooks.messages import show_path
from onion_pipeline.model.architecture import find_backbone, read_layers
from onion_pipeline.reporting import facts
from onion_pipeline.reporting.phrases import NO_BREAK, show_count, unescape_text
from onion_pipeline.training import range_test

NEXT = (
    ("kedro viz run", "the pipeline with its figures"),
    ("make ui", "runs, figures and model versions in MLflow (or: mlflow ui)"),
    ("kedro run --params images=path/to/photos", "train on your own pictures"),
)
PREDICT = "kedro run --pipelines predict --params images=new_photos"

LARGEST_ICON = 64  # pixels of the longer side; larger pictures in colour are photographs

Line = tuple[str, str]  # a title and a text


class ClosingSummary:
    """Says at the end what came out, where it is and what to do next."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Print a line for each result, if there is any to tell of."""
        made = pipeline.all_outputs()
        told = [line for name, tell in TOLD.items() if name in made for line in tell(catalog)]
        if "trained_model" in made and not run_params.get("env"):
            told += _suggest_backbone(catalog)
        lines = [f"{title:<14}{text}" for title, text in told]
        if "registration" in made:
            lines += ["", "Next", *_suggest_next(catalog.load("registration"))]
        if lines:
            click.echo("\n" + "\n".join(lines) + "\n")


def _tell_data(catalog: CatalogProtocol) -> Iterator[Line]:
    for fact in facts.list_data_facts(catalog.load("data_report")):
        if fact.number:
            listed = "quarantine" if fact.name == "Quarantined" else "duplicates"
            yield fact.name, _plain(f"{fact.value} {fact.detail}") + _see(catalog, listed)


def _tell_test(catalog: CatalogProtocol) -> Iterator[Line]:
    metrics, level = catalog.load("metrics"), catalog.load("params:evaluate").confidence_level
    (accuracy,) = facts.read_figures(metrics, ["accuracy"], level)
    images = show_count(metrics["test_images"], "picture")
    yield "Test accuracy", _plain(f"{accuracy} on {images}")
    yield "Figures", f"{Path(show_path(catalog, 'confusion_matrix')).parent}/"


def _tell_baselines(catalog: CatalogProtocol) -> Iterator[Line]:
    ranked = facts.rank_baselines(catalog.load("baselines"))
    yield "Without it", _plain(", ".join(f"{accuracy} by {name}" for accuracy, name in ranked))


def _tell_slices(catalog: CatalogProtocol) -> Iterator[Line]:
    slices = catalog.load("slices")
    for row in slices.query("is_worst").to_dict("records"):
        yield "Weakest", _plain(facts.tell_slice(row))


def _tell_registration(catalog: CatalogProtocol) -> Iterator[Line]:
    registration = catalog.load("registration")
    yield "Model", _plain(facts.tell_registration(registration))
    if registration["status"] == "registered":
        yield "Gate", f"{registration['decision']}: {registration['reason']}"


def _suggest_backbone(catalog: CatalogProtocol) -> Iterator[Line]:
    """Name the environment that suits photographs, where a network learns from nothing."""
    from onion_pipeline.runtime_parameters import write_parameters

    layers = read_layers(catalog.load("params:build").layers)
    if find_backbone(layers) or not catalog.exists("data_report"):
        return
    if _are_photographs(catalog.load("data_report")):
        images = shlex.quote(write_parameters({"images": catalog.load("params:images")}))
        yield (
            "Photographs",
            f"kedro run --env photos --params {images} would suit them: it begins with a "
            "pretrained network",
        )


def _are_photographs(report: dict[str, Any]) -> bool:
    """Return whether most files are in colour and larger than icons, whatever became of them."""
    sides = (report["sizes"][side]["median"] for side in ("height", "width"))
    return 2 * report["grayscale"] < report["images"] and max(sides) > LARGEST_ICON


def _tell_audit(catalog: CatalogProtocol) -> Iterator[Line]:
    audited = [catalog.load(name) for name in ("out_of_fold_predictions", "test_predictions")]
    told = facts.tell_label_issues(catalog.load("label_issues"), sum(map(len, audited)))
    yield "Labels", _plain(told) + _see(catalog, "label_issues")


def _tell_learning_rate(catalog: CatalogProtocol) -> Iterator[Line]:
    yield "Learning rate", range_test.tell_rate(catalog.load("learning_rate_losses"))
    yield "Curve", show_path(catalog, "learning_rate_curve")


def _tell_predictions(catalog: CatalogProtocol) -> Iterator[Line]:
    predictions, unreadable = catalog.load("predictions"), catalog.load("unreadable_images")
    version = f"by model version {predictions['model_version'].iloc[0]}"
    answered = _plain(f"{show_count(len(predictions), 'picture')} {version}")
    yield "Predictions", answered + _see(catalog, "predictions")
    if len(unreadable):
        files = _plain(show_count(len(unreadable), "file"))
        yield "Unreadable", files + _see(catalog, "unreadable_images")


def _tell_verification(catalog: CatalogProtocol) -> Iterator[Line]:
    compared = catalog.load("verification")
    found = "; ".join(compared["found"]) or "nothing differs"
    yield "Compared", f"{compared['model']}: {found}{_see(catalog, 'verification')}"


def _tell_reproduction(catalog: CatalogProtocol) -> Iterator[Line]:
    found = catalog.load("reproduction")
    yield "Verified", f"{found['model']}: {found['status']}{_see(catalog, 'reproduction')}"


def _plain(told: str) -> str:
    """Return what a finding says, for a terminal."""
    return unescape_text(told).replace(NO_BREAK, " ")


def _see(catalog: CatalogProtocol, name: str) -> str:
    return f", see {show_path(catalog, name)}"


def _suggest_next(registration: dict[str, Any]) -> Iterator[str]:
    """Yield commands, each below what it is for."""
    commands = [*NEXT, (PREDICT, "classify new ones")]
    if registration["status"] == "pending":
        later = "track and register this model, once MLflow answers"
        commands = [(registration["command"], later), *NEXT]
    elif registration["alias"] == "challenger":
        promote = registration["command"].replace("register", "promote", 1)
        joined = "," if " --params " in promote else " --params "
        promote += f"{joined}promote.version={registration['version']}"
        commands[-1:] = [
            (f"{PREDICT},predict.model={registration['uri']}", "classify new ones"),
            (promote, "let this model take the champion's place all the same"),
        ]
    for command, purpose in commands:
        yield from (f"  {purpose}", f"    {command}")


# What the lines tell of, in their order, where a run has made it.
TOLD: dict[str, Callable[[CatalogProtocol], Iterable[Line]]] = {
    "data_report": _tell_data,
    "metrics": _tell_test,
    "baselines": _tell_baselines,
    "slices": _tell_slices,
    "onion_report": lambda catalog: [
        ("Onion report", f"{show_path(catalog, 'onion_report')}, opens in a browser")
    ],
    "model_card_page": lambda catalog: [("Model card", show_path(catalog, "model_card_page"))],
    "registration": _tell_registration,
    "label_issues": _tell_audit,
    "learning_rate_losses": _tell_learning_rate,
    "predictions": _tell_predictions,
    "verification": _tell_verification,
    "reproduction": _tell_reproduction,
}
