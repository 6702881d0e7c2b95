"""Columns for accuracies on test pictures, and for the minutes that they took."""

from collections.abc import Callable, Sequence
from statistics import NormalDist, mean

from benchmarks.contest import Figure
from benchmarks.figures import format_number
from benchmarks.measure import Run

Z = NormalDist().inv_cdf(0.975)  # of an interval of 95 %


def read_accuracy(run: Run) -> float:
    """Return the share of the test pictures that were classified rightly, in percent."""
    return 100 * float(run.answer["test_accuracy"])


def format_interval(runs: Sequence[Run]) -> str:
    """Return the interval of 95 % of the mean accuracy, as it stands in a table.

    For as many pictures as one run has: all runs are tested on the same ones, and what other
    pictures would bring does not become surer with more runs.
    """
    low, high = find_interval(mean(map(read_accuracy, runs)) / 100, runs[0].answer["test_images"])
    return f"{format_number(100 * low)} to {format_number(100 * high)}"


def find_interval(share: float, count: int) -> tuple[float, float]:
    """Return the interval of 95 % of a share of `count`.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    >>> [round(bound, 4) for bound in find_interval(0.5, 100)]
    [0.4038, 0.5962]
    """
    middle = share + Z**2 / (2 * count)
    reach = Z * (share * (1 - share) / count + Z**2 / (4 * count**2)) ** 0.5
    return (middle - reach) / (1 + Z**2 / count), (middle + reach) / (1 + Z**2 / count)


def _in_minutes(read: Callable[[Run], float]) -> Callable[[Run], float]:
    return lambda run: read(run) / 60


ACCURACY = Figure("test accuracy (mean), %", read_accuracy, compared=False, middle=mean)
INTERVAL = Figure("interval of 95 %", read_accuracy, compared=False, show=format_interval)
MINUTES = Figure("whole process, min", _in_minutes(lambda run: run.seconds))
CPU_MINUTES = Figure("CPU, min", _in_minutes(lambda run: run.cpu_seconds))
TRAINING_MINUTES = Figure(
    "training alone, min", _in_minutes(lambda run: run.answer["training_seconds"])
)
TRAINING_CPU_MINUTES = Figure(
    "CPU of training alone, min", _in_minutes(lambda run: run.answer["training_cpu_seconds"])
)
