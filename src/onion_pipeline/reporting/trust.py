"""How far to trust a network: what the test and the data say, in a few lines of its report."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.explanation.report import Report
from onion_pipeline.explanation.sections import describe_answers
from onion_pipeline.reporting import confidence, results
from onion_pipeline.reporting.comparisons import show_model
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.limits import list_limits
from onion_pipeline.reporting.phrases import (
    is_known,
    show_count,
    show_interval,
    show_level,
    show_number,
    show_share,
    unescape_text,
)
from onion_pipeline.reporting.results import Figure

FIGURES = {
    "accuracy": results.FIGURES["accuracy"],
    "macro_f1": Figure("Macro F1", "precision and recall in one, mean of the classes", show_number),
    "calibration_error": confidence.FIGURES["calibration_error"],
    "mean_corruption_error": Figure(
        "Error on corrupted pictures",
        "share of wrong answers when noise, blur or bad light are added",
    ),
}
WORST_MISTAKES = 24

Fact = dict[str, str]


def add_trust(report: Report, findings: Findings, images: NDArray[np.uint8]) -> None:
    """Say how far the network can be trusted.

    Args:
        report: gets ``trust``: ``facts`` of the test and of the ``data`` with name, value and
            detail; ``limits``, sentences; and the surest ``mistakes``.
        findings: what is known of the model.
        images: uint8, (N, H, W, C), all of the test.
    """
    report.description["trust"] = {
        "facts": [*_tell_figures(findings), *_tell_baselines(findings)],
        "data": [*_tell_data(findings)],
        "limits": [unescape_text(limit) for limit in list_limits(findings)],
        "mistakes": _find_mistakes(report, findings, images),
    }


def _tell_figures(findings: Findings) -> Iterator[Fact]:
    metrics = findings.metrics
    for name, figure in FIGURES.items():
        if not is_known(metrics.get(name)):
            continue
        low, high = metrics.get(f"{name}_interval") or (None, None)
        interval = ""
        if is_known(low) and is_known(high):
            level = show_level(findings.confidence_level)
            shown = show_interval(low, high, share=figure.show is show_share)
            interval = f"{shown} with {level} confidence; "
        yield _fact(figure.title, figure.show(metrics[name]), interval + figure.meaning)


def _tell_baselines(findings: Findings) -> Iterator[Fact]:
    if findings.baselines is None:
        return
    rows = findings.baselines[findings.baselines["model"] != "network"]
    for row in rows.nlargest(1, "accuracy").to_dict("records"):
        name = unescape_text(show_model(row["model"]))
        yield _fact("Without a network", show_share(row["accuracy"]), f"accuracy by {name}")


def _tell_data(findings: Findings) -> Iterator[Fact]:
    report = findings.data_report
    if report is None:
        return
    refused, found = sum(report["quarantined"].values()), report["duplicates"]
    counts = report["classes"].values()
    splits = ", ".join(
        f"{sum(each[split] for each in counts):,} {purpose}"
        for split, purpose in (
            ("train", "to learn from"),
            ("validation", "to choose by"),
            ("test", "to be tested with"),
        )
    )
    yield _fact("Pictures", f"{report['images']:,}", splits)
    yield _fact("Classes", f"{len(counts):,}", _tell_balance(report["imbalance"]["ratio"]))
    yield _fact("Left out", f"{refused:,}", f"of {show_count(report['files'], 'file')}")
    yield _fact(
        "Equal or alike",
        show_count(found["exact_pairs"] + found["near_pairs"], "pair"),
        "kept in one part each, so that the test asks for nothing that was shown before",
    )
    yield _fact(
        "Shared by parts",
        show_count(report["leaks"]["pairs"], "pair"),
        "of alike pictures in different parts, by which the test flatters",
    )


def _tell_balance(ratio: float) -> str:
    if ratio == 1:
        return "with as many pictures each"
    if round(ratio, 1) == 1:
        return "with almost as many pictures each"
    return f"the largest with {ratio:.1f} times as many pictures as the smallest"


def _find_mistakes(
    report: Report, findings: Findings, images: NDArray[np.uint8]
) -> list[dict[str, Any]]:
    if findings.test_predictions is None:
        return []
    table = findings.test_predictions.reset_index(drop=True)
    wrong = table[table["label"] != table["predicted"]]
    worst = wrong.sort_values(["confidence", "path"], ascending=[False, True]).head(WORST_MISTAKES)
    return describe_answers(report, images, worst) if len(worst) else []


def _fact(name: str, value: str, detail: str) -> Fact:
    return {"name": name, "value": value, "detail": detail}
