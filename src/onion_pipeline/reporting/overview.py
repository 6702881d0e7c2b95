"""What a model is, in the first lines of its card."""

from typing import Any

from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import (
    escape_text,
    join_names,
    show_count,
    show_interval,
    show_level,
    show_share,
    show_size,
)

COLORS = {1: "grey", 3: "colour"}
RESIZES = {
    "stretch": "stretched to that size",
    "crop": "cut to that shape around its middle",
    "pad": "filled up with background to that shape",
}


def describe_model(findings: Findings) -> dict[str, Any]:
    """Return name, classes, input and main result of a model, as texts."""
    height, width, channels = findings.image_shape
    metrics = findings.metrics
    lineage = findings.model_lineage or {}
    return {
        "name": escape_text(findings.model_name),
        "count": len(findings.class_names),
        "classes": join_names([escape_text(name) for name in findings.class_names]),
        "size": f"{show_size(height, width)} pixels in {COLORS[channels]}",
        "resize": RESIZES[findings.resize],
        "level": show_level(findings.confidence_level),
        "accuracy": show_share(metrics["accuracy"]),
        "interval": show_interval(*metrics["accuracy_interval"]),
        "tested": show_count(metrics["test_images"], "picture"),
        "source": escape_text(lineage["source"]) if lineage.get("source") else None,
        "trained": show_count(_count_training(findings.data_report), "picture")
        if findings.data_report
        else None,
    }


def describe_network(findings: Findings) -> dict[str, Any] | None:
    """Return what the network is made of, and how it was trained."""
    table, history = findings.architecture_table, findings.training_history
    if table is None or history is None:
        return None
    best = history[history["best"]].iloc[0]
    layers = table[~table["layer"].isin(["scaling", "total"])]
    policy = findings.augmentation_policy or []
    total = table.iloc[-1]
    return {
        "kind": "convolutional network" if layers["kind"].str.contains("conv").any() else "network",
        "layers": len(layers),
        "weights": f"{total['parameters']:,}",
        "multiply_adds": f"{total['multiply_adds']:,.0f}"
        if table["multiply_adds"].notna().all()
        else "an unknown number of",
        "rows": [
            [row["kind"].replace("_", " "), row["output_shape"], f"{row['parameters']:,}"]
            for row in layers.to_dict("records")
        ],
        "epochs": len(history),
        "best": int(best["epoch"]),
        "validation_accuracy": show_share(float(best["validation_accuracy"])),
        "transforms": join_names([escape_text(step["name"]) for step in policy]) if policy else "",
    }


def _count_training(report: dict[str, Any]) -> int:
    return sum(counts["train"] for counts in report["classes"].values())
