"""How far to trust a network: what the test and the data say, in a few lines of its report."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.explanation.report import Report
from onion_pipeline.explanation.sections import describe_answers
from onion_pipeline.reporting import facts
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.limits import list_limits
from onion_pipeline.reporting.phrases import unescape_text

FIGURES = (
    "accuracy",
    "accuracy_without_leaked",
    "macro_f1",
    "calibration_error",
    "mean_corruption_error",
)
WORST_MISTAKES = 24


def add_trust(report: Report, findings: Findings, images: NDArray[np.uint8]) -> None:
    """Say how far the network can be trusted.

    Args:
        report: gets ``trust``: ``facts`` of the test and of the ``data`` with name, value and
            detail; ``limits``, sentences; and the surest ``mistakes``.
        findings: what is known of the model.
        images: uint8, (N, H, W, C), all of the test.
    """
    report.description["trust"] = {
        "facts": _name_parts(_tell_test(findings)),
        "data": _name_parts(_tell_data(findings.data_report)),
        "limits": [unescape_text(limit) for limit in list_limits(findings)],
        "mistakes": _find_mistakes(report, findings, images),
    }


def _name_parts(told: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    names = ("name", "value", "detail")
    return [dict(zip(names, map(unescape_text, fact), strict=True)) for fact in told]


def _tell_test(findings: Findings) -> Iterator[tuple[str, str, str]]:
    for figure in facts.read_figures(findings.metrics, FIGURES, findings.confidence_level):
        yield figure.title, figure.value, "; ".join(filter(None, figure[2:]))
    if findings.baselines is not None:
        for accuracy, name in facts.rank_baselines(findings.baselines)[:1]:
            yield "Without a network", accuracy, f"accuracy by {name}"


def _tell_data(report: dict[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    if report is None:
        return
    yield "Pictures", f"{report['images']:,}", facts.tell_splits(report)
    yield "Classes", f"{len(report['classes']):,}", _tell_balance(report["imbalance"]["ratio"])
    for fact in facts.list_data_facts(report):
        yield fact.name, fact.value, fact.detail + fact.why


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
    wrong = findings.test_predictions.reset_index(drop=True).query("label != predicted")
    worst = wrong.sort_values(["confidence", "path"], ascending=[False, True]).head(WORST_MISTAKES)
    return describe_answers(report, images, worst) if len(worst) else []
