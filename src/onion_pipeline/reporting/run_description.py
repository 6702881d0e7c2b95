"""A run in a few lines, and the tags by which one finds it again, from what it has made."""

from collections.abc import Callable, Mapping
from typing import Any

from onion_pipeline.annotations import DataFrame

NOTE = "mlflow.note.content"  # what the MLflow UI shows as the description of a run
BREAK = "  \n"  # of a line: paragraphs stand so far apart that the UI folds most of them away
MAIN_FIGURES = {"macro_f1": "macro F1", "log_loss": "log loss"}


def describe_run(found: Mapping[str, Any]) -> dict[str, str]:
    """Return tags of a run, the description among them.

    Args:
        found: catalog entries among :data:`DESCRIBED`, by their names; what is not there is
            left out.
    """
    lines = [describe(found[name]) for name, describe in LINES.items() if name in found]
    tags = {NOTE: BREAK.join(lines)} if lines else {}
    for name, list_tags in TAGS.items():
        tags |= list_tags(found[name]) if name in found else {}
    return tags


def _describe_data(report: dict[str, Any]) -> str:
    counts = [report["classes"][label] for label in report["classes"]]
    train, validation, test = (
        sum(each[split] for each in counts) for split in ("train", "validation", "test")
    )
    return (
        f"**Data** {report['images']:,} images of {len(counts)} classes: {train:,} for training, "
        f"{validation:,} for validation, {test:,} for the test."
    )


def _describe_network(table: DataFrame) -> str:
    shape = table["output_shape"].iloc[0]
    return f"**Network** {_summarize_network(table)} ({_count_weights(table):,} weights, {shape})."


def _describe_training(history: DataFrame) -> str:
    best = history[history["best"]].iloc[0]
    return (
        f"**Training** {len(history)} epochs, of which number {best['epoch']} was the best: "
        f"validation loss {best['validation_loss']:.4f}, "
        f"accuracy {best['validation_accuracy']:.4f}."
    )


def _describe_test(metrics: dict[str, Any]) -> str:
    low, high = metrics["accuracy_interval"]
    others = [
        f"{title} {metrics[name]:.4f}" for name, title in MAIN_FIGURES.items() if metrics.get(name)
    ]
    accuracy = f"accuracy {metrics['accuracy']:.4f} (interval {low:.4f} to {high:.4f})"
    return f"**Test** {', '.join([accuracy, *others])}, on {metrics['test_images']:,} images."


def _describe_registration(registration: dict[str, Any]) -> str:
    if registration["status"] != "registered":
        return "**Model** not registered yet."
    name, version = registration["model_name"], registration["version"]
    link = f"[{name} version {version}](#/models/{name}/versions/{version})"
    return f"**Model** {link}, {registration['alias']}."


def _describe_label_issues(issues: DataFrame) -> str:
    return f"**Audit** {len(issues):,} labels are probably wrong."


def _tag_network(table: DataFrame) -> dict[str, str]:
    return {
        "image_size": table["output_shape"].iloc[0],
        "network": _summarize_network(table),
        "weights": str(_count_weights(table)),
    }


def _summarize_network(table: DataFrame) -> str:
    """Return the layers that learn, with their channels or units: ``conv2d 32, dense 128``."""
    learning = table[(table["parameters"] > 0) & ~table["layer"].isin(["softmax", "total"])]
    widths = learning["output_shape"].str.split("x").str[-1]
    named = [f"{kind} {width}" for kind, width in zip(learning["kind"], widths, strict=True)]
    return ", ".join(named) or "the head alone"


def _count_weights(table: DataFrame) -> int:
    return int(table.loc[table["layer"] == "total", "parameters"].iloc[0])


LINES: Mapping[str, Callable[[Any], str]] = {
    "metrics": _describe_test,
    "label_issues": _describe_label_issues,
    "data_report": _describe_data,
    "architecture_table": _describe_network,
    "training_history": _describe_training,
    "registration": _describe_registration,
}
TAGS: Mapping[str, Callable[[Any], dict[str, str]]] = {
    "class_names": lambda names: {"classes": str(len(names))},
    "architecture_table": _tag_network,
}
DESCRIBED = frozenset({*LINES, *TAGS})
