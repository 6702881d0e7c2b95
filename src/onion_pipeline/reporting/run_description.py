"""A run in a few lines, and the tags by which one finds it again, from what it has made."""

from collections.abc import Callable, Mapping
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.model.architecture import BLOCK
from onion_pipeline.reporting import facts
from onion_pipeline.reporting.phrases import show_count, show_number, show_share

NOTE = "mlflow.note.content"  # what the MLflow UI shows as the description of a run
BREAK = "  \n"  # of a line: paragraphs stand so far apart that the UI folds most of them away
FIGURES = ("accuracy", "macro_f1", "log_loss")


def describe_run(found: Mapping[str, Any]) -> dict[str, str]:
    """Return tags of a run, its description among them, by what is there of :data:`DESCRIBED`."""
    lines = [
        f"**{title}** {describe(found[name])}."
        for name, (title, describe) in LINES.items()
        if name in found
    ]
    tags = {NOTE: BREAK.join(lines)} if lines else {}
    if "class_names" in found:
        tags["classes"] = str(len(found["class_names"]))
    if "architecture_table" in found:
        table = found["architecture_table"]
        tags["image_size"] = _find_image_size(table)
        tags["network"] = _summarize_network(table)
        tags["weights"] = str(facts.find_total(table, "parameters"))
    return tags


def _describe_test(metrics: dict[str, Any]) -> str:
    figures = [
        f"{figure.title[0].lower()}{figure.title[1:]} {figure}"
        for figure in facts.read_figures(metrics, FIGURES)
    ]
    return f"{', '.join(figures)}, on {show_count(metrics['test_images'], 'picture')}"


def _describe_network(table: DataFrame) -> str:
    shape = _find_image_size(table)
    return (
        f"{_summarize_network(table)} ({facts.find_total(table, 'parameters'):,} weights, {shape})"
    )


def _find_image_size(table: DataFrame) -> str:
    """Return the shape of the pictures, of which a backbone makes three channels."""
    first = table.iloc[0]
    return (
        first["output_shape"].removesuffix("3") + "1"
        if first["layer"] == "rgb"
        else first["output_shape"]
    )


def _describe_training(history: DataFrame) -> str:
    best = history.query("best").iloc[0]
    return (
        f"{facts.tell_epochs(history)}, of which number {best['epoch']} was the best: "
        f"validation loss {show_number(best['validation_loss'])}, "
        f"accuracy {show_share(best['validation_accuracy'])}"
    )


def _describe_registration(registration: dict[str, Any]) -> str:
    told = facts.tell_registration(registration)
    if registration["status"] != "registered":
        return told
    model, comma, alias = told.partition(",")
    address = f"#/models/{registration['model_name']}/versions/{registration['version']}"
    return f"[{model}]({address}){comma}{alias}"


def _summarize_network(table: DataFrame) -> str:
    """Return the layers with weights, and their channels or units: ``conv2d 32, dense 128``."""
    learning = table[(table["parameters"] > 0) & ~table["layer"].isin(["softmax", "total"])]
    blocks = facts.count_blocks(table)
    learning = learning[learning["kind"] != BLOCK]
    widths = learning["output_shape"].str.split("x").str[-1]
    told = [
        *([f"{blocks} pretrained blocks"] if blocks else []),
        *(learning["kind"] + " " + widths),
    ]
    return ", ".join(told) or "the head alone"


LINES: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "metrics": ("Test", _describe_test),
    "label_issues": ("Audit", facts.tell_label_issues),
    "data_report": ("Data", facts.tell_data),
    "architecture_table": ("Network", _describe_network),
    "training_history": ("Training", _describe_training),
    "registration": ("Model", _describe_registration),
}
DESCRIBED = frozenset({*LINES, "class_names"})
