"""How a model came to be, and how it is used, for its card."""

from typing import Any

from onion_pipeline.reporting.phrases import escape_text

SHORT = 12  # characters of a commit
STAGES = {
    "decoding": "pixels of the decoded files (levels from 0 to 255)",
    "test_predictions": "stored answers of the test",
    "saved_file": "the saved Keras file",
    "package": "the MLflow model, asked with image files",
    "onnx": "the same network as ONNX",
}


def describe_lineage(lineage: dict[str, Any] | None) -> list[list[str]]:
    """Return what the model was made of: part, hash, what it is of."""
    if lineage is None:
        return []
    code, seed = lineage["code"], lineage["seed"]
    libraries = lineage["dependencies"]["libraries"]
    commit = f"commit {code['commit'][:SHORT]}" if code.get("commit") else "no commit"
    parts = {
        "data": f"{lineage['data']['images']:,} pictures with their labels",
        "split": ", ".join(
            f"{count:,} {name}" for name, count in lineage["split"]["images"].items()
        ),
        "parameters": "of all steps that decide the result",
        "code": commit + (" with changes of its own" if code.get("changes") else ""),
        "dependencies": f"Python {libraries['python']} and {len(libraries) - 1} libraries",
        "seed": f"{seed['seed']}",
    }
    return [
        ["all together", f"`{lineage['hash']}`", "the model as a whole"],
        *([name, f"`{lineage[name]['hash']}`", escape_text(text)] for name, text in parts.items()),
    ]


def describe_parity(report: dict[str, Any] | None) -> list[list[str]]:
    """Return by how much the answers of each form differ: form, difference, what is allowed."""
    if report is None:
        return []
    return [
        [
            STAGES.get(stage["stage"], escape_text(stage["stage"])),
            f"{stage['largest_difference']:.2g}",
            f"{stage['tolerance']:.2g}",
        ]
        for stage in report["stages"]
    ]


def choose_uri(model_name: str, promotion: dict[str, Any] | None) -> str:
    """Return the URI by which a model is loaded once it is registered."""
    decision = (promotion or {}).get("decision")
    alias = decision if decision in {"champion", "challenger"} else "champion"
    return f"models:/{model_name}@{alias}"
