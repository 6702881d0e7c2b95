"""What a model has learned from, for its card."""

from collections.abc import Sequence
from typing import Any

from onion_pipeline.images.stratification import SPLITS
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import escape_text, show_count, show_size

LISTED = 30  # classes: a longer table helps nobody; the catalog has it


def describe_data(findings: Findings) -> dict[str, Any] | None:
    """Return counts of classes and splits, and what the data report has found."""
    report = findings.data_report
    if report is None:
        return None
    counts = report["classes"]
    totals = [sum(each[split] for each in counts.values()) for split in SPLITS]
    rows = [_show_row(label, [each[split] for split in SPLITS]) for label, each in counts.items()]
    return {
        "images": show_count(report["images"], "picture"),
        "splits": [f"{total:,}" for total in totals],
        "rows": [*rows[:LISTED], _show_row("all", totals)],
        "left_out": max(0, len(rows) - LISTED),
        "facts": [*_describe_pictures(report), *_describe_quality(report)],
    }


def _show_row(label: str, counts: Sequence[int]) -> list[str]:
    return [escape_text(label), *(f"{count:,}" for count in counts)]


def _describe_pictures(report: dict[str, Any]) -> list[str]:
    """Return formats and sizes as sentences."""
    sizes = report["sizes"]
    formats = ", ".join(f"{count:,} {name}" for name, count in report["formats"].items())
    least, middle, most = (
        show_size(sizes["height"][which], sizes["width"][which])
        for which in ("smallest", "median", "largest")
    )
    alike = sizes["different"] == 1
    extent = f"all {middle} pixels" if alike else f"from {least} to {most} pixels"
    return [f"**Files:** {formats}, {extent}."]


def _describe_quality(report: dict[str, Any]) -> list[str]:
    """Return what was left out, repeated or contradictory, as sentences; only what was found."""
    lines = []
    refused = report["quarantined"]
    if refused:
        reasons = ", ".join(
            f"{name.replace('_', ' ')}: {count:,}" for name, count in refused.items()
        )
        total = show_count(sum(refused.values()), "file")
        lines.append(
            f"**Left out:** {total} of {report['files']:,} that cannot be used ({reasons})."
        )
    found = report["duplicates"]
    pairs = found["exact_pairs"] + found["near_pairs"]
    if pairs:
        lines.append(
            f"**Repeated:** {show_count(pairs, 'pair')} of equal or nearly equal pictures, which "
            "are kept in one part, so that the test asks for nothing that was shown before."
        )
    contradicting = found["contradicting_labels"]["pairs"]
    if contradicting:
        lines.append(
            f"**Contradicting:** {show_count(contradicting, 'pair')} of (nearly) equal pictures "
            "with different labels."
        )
    if report["leaks"]["pairs"]:
        lines.append(
            f"**Shared:** {show_count(report['leaks']['pairs'], 'pair')} of (nearly) equal "
            "pictures lie in different parts: the test flatters the model by as much."
        )
    return lines
