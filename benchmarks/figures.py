"""Medians, ratios and their spread, as Markdown."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.contest import Figure
from benchmarks.measure import Run

THOUSAND = 1000  # from here on, the format "g" would write an exponent

Runs = Mapping[str, Sequence[Run]]
"""The runs of each contestant, in the order of the rounds."""


def format_number(value: float) -> str:
    """Return `value` with three digits, and all of those before the point.

    >>> [format_number(value) for value in (0.01234, 1.5, 12.34, 1234.5, math.inf, math.nan)]
    ['0.0123', '1.50', '12.3', '1234', 'never', 'none']
    """
    if not math.isfinite(value):
        return "none" if math.isnan(value) else "never"
    return f"{value:.0f}" if abs(value) >= THOUSAND else f"{value:#.3g}".rstrip(".")


def format_spread(values: Sequence[float], middle: float | None = None) -> str:
    """Return the median of `values`, or another middle, with the smallest and the largest.

    >>> format_spread([3.0, 1.0, 2.0])
    '2.00 (1.00 to 3.00)'
    """
    middle = median(values) if middle is None else middle
    if any(map(math.isnan, values)):
        return format_number(math.nan)
    if len(values) == 1 or min(values) == max(values) == math.inf:
        return format_number(middle)
    return f"{format_number(middle)} ({format_number(min(values))} to {format_number(max(values))})"


def format_ratio(values: Sequence[float], reference: Sequence[float]) -> str:
    """Return the ratio of the medians, with the range of the ratios within each round.

    >>> format_ratio([2.0, 6.0, 4.0], [1.0, 2.0, 2.0])
    '2.00 (2.00 to 3.00)'
    """
    rounds = [one / other for one, other in zip(values, reference, strict=True)]
    return format_spread(rounds, median(values) / median(reference))


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and whose others are numbers."""
    rules = [":--", *["--:"] * (len(headings) - 1)]
    lines = [" | ".join(cells) for cells in (headings, rules, *rows)]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def tabulate_values(columns: Sequence[tuple[Figure, Runs]]) -> str:
    """Return a table of every contestant's figures."""
    names = list(columns[0][1])
    rows = [
        [name, *(_format_values(figure, runs[name]) for figure, runs in columns)] for name in names
    ]
    return format_table(["", *(figure.heading for figure, _ in columns)], rows)


def tabulate_ratios(columns: Sequence[tuple[Figure, Runs]], reference: str) -> str:
    """Return a table of how many times each contestant's figures are those of `reference`."""
    names = [name for name in columns[0][1] if name != reference]
    rows = [
        [
            name,
            *(
                format_ratio(_read(figure, runs[name]), _read(figure, runs[reference]))
                for figure, runs in columns
            ),
        ]
        for name in names
    ]
    headings = [figure.heading.partition(",")[0] for figure, _ in columns]
    return format_table([f"÷ {reference}", *headings], rows)


def _format_values(figure: Figure, runs: Sequence[Run]) -> str:
    if figure.show:
        return figure.show(runs)
    values = _read(figure, runs)
    return format_spread(values, figure.middle(values))


def _read(figure: Figure, runs: Sequence[Run]) -> list[float]:
    return [figure.read(run) for run in runs]
