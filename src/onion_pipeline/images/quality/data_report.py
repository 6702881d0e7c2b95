"""What a data set holds and what is wrong with it, as numbers."""

from typing import Any

from onion_pipeline.annotations import DataFrame, Series
from onion_pipeline.drawing.lettering import show_controls
from onion_pipeline.errors import list_some
from onion_pipeline.images.quality.measures import ODDITIES, find_odd
from onion_pipeline.images.splits import find_leaks, find_tested
from onion_pipeline.images.stratification import LEFT_OUT, SPLITS

# Of anything suspicious, so many are named, the worst first; all are counted.
NAMED = 100
MOST_COMMON = 10
LISTED = 20  # labels in a warning
# What it means that a split has no image of a class.
CONSEQUENCES = {
    "validation": "the best epoch is chosen, and probabilities are calibrated, without them",
    "test": "how well they are recognised stays unknown, and no mean over the classes counts them",
}


def report_data(
    index: DataFrame,
    quarantine: DataFrame,
    duplicates: DataFrame,
    splits: DataFrame,
    measured: DataFrame,
) -> dict[str, Any]:
    """Return the quality report of a data set; plain values, so that it can be JSON.

    `index` has a row per file, `quarantine` per refused file, `duplicates` per pair of images that
    are the same or nearly so, `splits` and `measured` have one per image, in the same order.
    """
    labels = splits["label"].value_counts()
    return {
        "files": len(index),
        "images": len(splits),
        "quarantined": quarantine["reason"].value_counts().to_dict(),
        "classes": count_splits(splits),
        "imbalance": {
            "largest_class": str(labels.index[0]),
            "smallest_class": str(labels.index[-1]),
            "ratio": round(float(labels.iloc[0] / labels.iloc[-1]), 3),
        },
        "formats": index["format"].value_counts().to_dict(),
        "grayscale": int(index["grayscale"].sum()),
        "sizes": _report_sizes(index),
        "measures": {name: _describe(measured[name]) for name in measured.columns},
        "outliers": {name: _report_odd(name, measured, splits["path"]) for name in ODDITIES},
        "duplicates": _report_duplicates(duplicates, splits),
        "leaks": _report_leaks(find_leaks(splits, duplicates)),
    }


def count_splits(splits: DataFrame) -> dict[str, dict[str, int]]:
    """Return how many images of each class lie in each split."""
    import pandas as pd

    table = pd.crosstab(splits["label"], splits["split"])
    counts = table.reindex(columns=[*SPLITS, LEFT_OUT], fill_value=0).to_dict("index")
    return {
        str(label): {name: count for name, count in each.items() if count or name in SPLITS}
        for label, each in counts.items()
    }


def describe_absent(splits: DataFrame) -> list[str]:
    """Return warnings about classes of which a split, that the user has given, has no image."""
    counts = count_splits(splits)
    warnings = []
    for name, consequence in CONSEQUENCES.items():
        labels = [show_controls(label) for label, each in counts.items() if not each[name]]
        if labels:
            warnings.append(
                f"There are no {name} pictures of {list_some(labels, LISTED)}: {consequence}. Add "
                f"some to the {name} pictures, or leave these out altogether, and they are drawn "
                "from those for training"
            )
    return warnings


def find_contradictions(duplicates: DataFrame) -> DataFrame:
    """Return the pairs of (nearly) the same image that have different labels."""
    return duplicates[duplicates["first_label"] != duplicates["second_label"]]


def _report_sizes(index: DataFrame) -> dict[str, Any]:
    sides = index[["height", "width"]].dropna().astype("int64")
    common = sides.value_counts().head(MOST_COMMON)
    return {
        "height": _describe(sides["height"]),
        "width": _describe(sides["width"]),
        "different": int(sides.drop_duplicates().shape[0]),
        "most_common": common.reset_index(name="images").to_dict("records"),
    }


def _describe(values: Series) -> dict[str, float]:
    found = values.quantile([0, 0.5, 1]).astype("float64")
    smallest, median, largest = (round(value, 4) for value in found)
    return {"smallest": smallest, "median": median, "largest": largest}


def _report_odd(name: str, measured: DataFrame, paths: Series) -> dict[str, Any]:
    odd = find_odd(measured, name)
    measure, _ = ODDITIES[name]
    named = [
        {"path": str(paths[row]), measure: round(float(value), 4)}
        for row, value in odd.head(NAMED).items()
    ]
    return {"images": len(odd), "worst": named}


def _report_duplicates(duplicates: DataFrame, splits: DataFrame) -> dict[str, Any]:
    sizes = splits["cluster"].value_counts()
    return {
        "exact_pairs": int((duplicates["kind"] == "exact").sum()),
        "near_pairs": int((duplicates["kind"] == "near").sum()),
        "clusters": int((sizes > 1).sum()),
        "largest_cluster": int(sizes.max()),
        "contradicting_labels": _name_pairs(find_contradictions(duplicates)),
    }


def _report_leaks(leaks: DataFrame) -> dict[str, Any]:
    return {**_name_pairs(leaks), "test_pairs": int(find_tested(leaks).sum())}


def _name_pairs(pairs: DataFrame) -> dict[str, Any]:
    worst = pairs.sort_values("similarity", ascending=False, kind="stable").head(NAMED)
    named = worst.drop(columns=["first", "second"])
    return {"pairs": len(pairs), "worst": named.to_dict("records")}
