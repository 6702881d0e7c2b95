"""What the sections of the model card say, from the findings."""

from collections.abc import Callable, Mapping
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.model.architecture import BLOCK
from onion_pipeline.reporting import facts
from onion_pipeline.reporting.confidence import describe_confidence
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.limits import list_limits
from onion_pipeline.reporting.phrases import (
    escape_text,
    join_names,
    show_count,
    show_share,
    show_size,
    show_words,
)

WORDS = ("intended_use", "limits", "contact")
FIGURES = ("accuracy", "accuracy_without_leaked", "balanced_accuracy", "macro_f1", "log_loss")
# The longest tables: more rows help nobody, and the catalog has all.
CLASSES, CONFUSIONS, SLICES, CORRUPTIONS = 30, 5, 8, 3
ROUNDING = 0.0005  # of a share as it is shown
RESIZES = {
    "stretch": "stretched to that size",
    "crop": "cut to that shape around its middle",
    "pad": "filled up with background to that shape",
}
STAGES = {
    "decoding": "pixels of the decoded files (levels from 0 to 255)",
    "test_predictions": "stored answers of the test",
    "saved_file": "the saved Keras file",
    "package": "the MLflow model, asked with image files",
    "onnx": "the same network as ONNX",
}


def describe_sections(findings: Findings) -> dict[str, Any]:
    """Return what the template says beside the findings themselves."""
    metrics, report = findings.metrics, findings.data_report
    (accuracy,) = facts.read_figures(metrics, ["accuracy"], findings.confidence_level)
    figures = facts.read_figures(metrics, [*FIGURES, *filter(facts.TOP.fullmatch, metrics)])
    decision = (findings.promotion or {}).get("decision")
    alias = decision if decision in {"champion", "challenger"} else "champion"
    return {
        **_choose_rows(findings),
        "words": {name: (findings.words.get(name) or "").strip() for name in WORDS},
        "tested": show_count(metrics["test_images"], "picture"),
        "tested_on": facts.tell_test(metrics, report),
        "without_leaked": facts.tell_without_leaked(metrics),
        "accuracy": accuracy,
        "test_figures": list(figures),
        "confidence": describe_confidence(findings),
        "limits": list_limits(findings),
        "corrupted": _describe_robustness(findings.robustness),
        "network": _describe_network(findings),
        "lineage": _describe_lineage(findings.model_lineage),
        "data": report and facts.tell_data(report),
        "data_facts": report and list(facts.list_data_facts(report)),
        "files": report and _describe_files(report),
        "most_classes": CLASSES,
        "resizing": RESIZES[findings.resize],
        "stages": STAGES,
        "uri": f"models:/{findings.model_name}@{alias}",
        "abstains": facts.find_threshold(findings.operating_point) is not None,
    }


def _choose_rows(findings: Findings) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the tables; none of what is not known."""
    tables = {name: (getattr(findings, entry), of) for name, (entry, of) in TABLES.items()}
    return {
        name: [] if table is None else choose(table).to_dict("records")
        for name, (table, choose) in tables.items()
    }


def _describe_robustness(table: DataFrame | None) -> dict[str, Any] | None:
    if table is None or table.empty:
        return None
    means = table.pivot_table("accuracy", "category", "severity", sort=False)
    clean = table["clean_accuracy"].iloc[0]
    worst = table.groupby("corruption", sort=False)["accuracy"].mean().nsmallest(CORRUPTIONS)
    worst = worst[worst < clean - ROUNDING]
    return {
        "severities": list(means.columns),
        "means": list(zip(means.index, means.to_numpy().tolist(), strict=True)),
        "corruptions": len(table["corruption"].unique()),
        "images": int(table["images"].iloc[0]),
        "clean": clean,
        "worst": [f"{show_words(name)} ({show_share(share)})" for name, share in worst.items()],
    }


def _describe_network(findings: Findings) -> dict[str, Any] | None:
    table, history = findings.architecture_table, findings.training_history
    if table is None or history is None:
        return None
    is_convolutional = table["kind"].str.contains(f"conv|{BLOCK}").any()
    blocks = facts.count_blocks(table)
    layers = show_count(len(table.query("layer not in ['scaling', 'total']")) - blocks, "layer")
    return {
        "kind": "convolutional network" if is_convolutional else "network",
        "size": f"{show_count(blocks, 'block')} and {layers}" if blocks else layers,
        "backbone": findings.backbone and facts.tell_backbone(findings.backbone),
        "weights": facts.find_total(table, "parameters"),
        "multiply_adds": facts.find_total(table, "multiply_adds"),
        "learned_from": _tell_pictures(findings),
        "epochs": facts.tell_epochs(history),
        "best": history.query("best").iloc[0],
    }


def _tell_pictures(findings: Findings) -> str:
    """Return which pictures an epoch went through, as far as it is known."""
    names = [escape_text(step["name"]) for step in findings.augmentation_policy or []]
    values = (findings.model_lineage or {}).get("parameters", {})
    copies = values.get("augment", {}).get("copies", 1)
    if not names or not copies:
        return "the training pictures"
    told = join_names(names)
    if values.get("train", {}).get("variants_per_epoch") == 1:
        return f"the training pictures, each as one of its variants ({told}),"
    return f"the training pictures, and variants of them ({told}),"


def _describe_lineage(lineage: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return what the model was made of: part, hash, what it is of."""
    if lineage is None:
        return []
    code, libraries = lineage["code"], lineage["dependencies"]["libraries"]
    commit = f"commit {code['commit'][:12]}" if code.get("commit") else "no commit"
    splits = lineage["split"]["images"].items()
    parts = {
        "data": f"{lineage['data']['images']:,} pictures with their labels",
        "split": ", ".join(f"{count:,} {name}" for name, count in splits),
        "parameters": "of all steps that decide the result",
        "code": commit + (" with changes of its own" if code.get("changes") else ""),
        "dependencies": (
            f"Python {libraries['python']} and {len(libraries) - 1} libraries"
            + _describe_threads(lineage["dependencies"].get("processors") or {})
        ),
        "seed": str(lineage["seed"]["seed"]),
    }
    return [
        ("all together", lineage["hash"], "the model as a whole"),
        *((name, lineage[name]["hash"], text) for name, text in parts.items()),
    ]


def _describe_threads(processors: Mapping[str, Any]) -> str:
    number = processors.get("threads") or processors.get("number")  # 0 threads: one for each
    if not number:
        return ""
    return f", in {show_count(number, 'thread')}: another number gives other weights"


def _describe_files(report: Mapping[str, Any]) -> str:
    sizes = report["sizes"]
    formats = ", ".join(f"{count:,} {name}" for name, count in report["formats"].items())
    least, middle, most = (
        show_size(sizes["height"][which], sizes["width"][which])
        for which in ("smallest", "median", "largest")
    )
    extent = f"all {middle}" if sizes["different"] == 1 else f"from {least} to {most}"
    return f"{formats}, {extent} pixels"


# The tables of the card: from which finding, and which rows of it.
TABLES: Mapping[str, tuple[str, Callable[[DataFrame], DataFrame]]] = {
    "baselines": ("baselines", lambda table: table),
    "classes": (
        "class_report",
        lambda table: (
            table if len(table) <= CLASSES else table.sort_values("f1", kind="stable").head(CLASSES)
        ),
    ),
    "confusions": (
        "test_predictions",
        lambda table: facts.find_confusions(table).query("images > 1").head(CONFUSIONS),
    ),
    "slices": (  # the classes have a table of their own
        "slices",
        lambda table: table.query("column != 'class'").nsmallest(SLICES, "accuracy"),
    ),
    "layers": (
        "architecture_table",
        lambda table: table.query("layer not in ['scaling', 'total']"),
    ),
}
