"""Where a model is weaker than on the whole, for its card."""

from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.reporting.phrases import (
    escape_text,
    join_names,
    show_accuracy,
    show_count,
    show_share,
)

LISTED = 8  # slices
NAMED = 3  # corruptions


def describe_slices(table: DataFrame | None) -> list[list[str]]:
    """Return the slices with the least accuracy: property, value, images, accuracy.

    The classes are left out: they have a table of their own.
    """
    if table is None:
        return []
    others = table[table["column"] != "class"]
    weakest = others.sort_values("accuracy", kind="stable").head(LISTED)
    return [
        [
            escape_text(str(row["column"]).replace("_", " ")),
            escape_text(row["value"]),
            f"{int(row['images']):,}",
            show_accuracy(row),
        ]
        for row in weakest.to_dict("records")
    ]


def describe_robustness(table: DataFrame | None) -> dict[str, Any] | None:
    """Return the mean accuracy of each kind of corruption by severity, and the worst ones."""
    if table is None or table.empty:
        return None
    means = table.pivot_table("accuracy", "category", "severity", sort=False)
    worst = rank_corruptions(table).head(NAMED)
    return {
        "severities": [str(severity) for severity in means.columns],
        "rows": [
            [escape_text(category), *(show_share(value) for value in row)]
            for category, row in zip(means.index, means.to_numpy(), strict=True)
        ],
        "corruptions": table["corruption"].nunique(),
        "images": show_count(int(table["images"].iloc[0]), "picture"),
        "clean": show_share(float(table["clean_accuracy"].iloc[0])),
        "worst": join_names(
            [f"{show_corruption(name)} ({show_share(value)})" for name, value in worst.items()]
        ),
    }


def rank_corruptions(table: DataFrame) -> Any:
    """Return the mean accuracy under each corruption, the least first."""
    return table.groupby("corruption", sort=False)["accuracy"].mean().sort_values(kind="stable")


def show_corruption(name: str) -> str:
    """Return the name of a corruption as words."""
    return escape_text(name.replace("_", " "))
