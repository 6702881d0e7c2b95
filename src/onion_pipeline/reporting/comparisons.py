"""A model beside simple ones, and beside the champion, for its card."""

from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.reporting.phrases import (
    escape_text,
    is_known,
    show_accuracy,
    show_number,
)

NAMES = {
    "network": "this model",
    "majority_class": "always naming the most frequent class",
    "logistic_regression": "logistic regression on the pixels",
}


def describe_baselines(table: DataFrame | None) -> list[list[str]]:
    """Return a row for the model and for each simple one: name, accuracy, macro F1."""
    if table is None:
        return []
    return [
        [
            show_model(row["model"]),
            show_accuracy(row),
            show_number(row["macro_f1"]) if is_known(row.get("macro_f1")) else "",
        ]
        for row in table.to_dict("records")
    ]


def show_model(name: str) -> str:
    """Return the name of a model or a baseline as words."""
    return escape_text(NAMES.get(name, name.replace("_", " ")))


def describe_promotion(promotion: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what the gate decided, and the table behind it."""
    if promotion is None:
        return None
    return {
        "decision": promotion["decision"],
        "reason": escape_text(promotion["reason"]),
        "rows": _show_comparison(promotion.get("comparison") or {}),
        "before": promotion.get("champion_before"),
    }


def _show_comparison(comparison: dict[str, Any]) -> list[list[str]]:
    """Return measure, this model, champion."""
    if not comparison:
        return []
    costs = comparison.get("multiply_adds") or {}
    sides = ("challenger", "champion")
    name = {"accuracy": "Accuracy", "macro_f1": "Macro F1"}[comparison["metric"]]
    rows = [[name, *(show_number(comparison[side]) for side in sides)]]
    if costs:
        rows.append(["Multiply-adds for one picture", *(_show_cost(costs[side]) for side in sides)])
    return rows


def _show_cost(multiply_adds: int | None) -> str:
    return "unknown" if multiply_adds is None else f"{multiply_adds:,}"
