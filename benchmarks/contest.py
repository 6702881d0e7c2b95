"""What a comparison consists of: a benchmark, its contestants, its figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.measure import Run


def _prepare_nothing() -> None:
    pass


def _add_nothing(_: int) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Contestant:
    """One program that does the work of a benchmark.

    Args:
        name: as it stands in the tables.
        arguments: of Python; the last line on stdout is a JSON object, its answer.
        shown: the command as a reader would type it, without paths of one machine.
        folder: the working directory.
        requirements: what its environment consists of; ``None`` is the one that runs this.
        packages: whose versions are reported.
        prepare: called before each run and not measured.
        variables: of its environment.
        vary: returns further arguments for a round by its number, such as a seed.
    """

    name: str
    arguments: Sequence[str]
    shown: str
    folder: Path
    requirements: Path | None = None
    packages: Sequence[str] = ()
    prepare: Callable[[], None] = _prepare_nothing
    variables: Mapping[str, str] = field(default_factory=dict)
    vary: Callable[[int], Sequence[str]] = _add_nothing


@dataclass(frozen=True)
class Figure:
    """A column of the tables.

    Args:
        heading: what it is, a comma, its unit.
        read: returns it for a run; NaN where there is none.
        compared: whether it has a column in the tables of ratios, too.
        middle: of the rounds.
        show: returns what stands in the table of a contestant's runs; ``None`` is the middle with
            the smallest and the largest.
    """

    heading: str
    read: Callable[[Run], float]
    compared: bool = True
    middle: Callable[[Sequence[float]], float] = median
    show: Callable[[Sequence[Run]], str] | None = None


@dataclass(frozen=True)
class Benchmark:
    """Contestants for the same work, and what is reported of them.

    Args:
        name: of its section in the results.
        purpose: one paragraph for the reader of the results.
        contestants: run one after the other in each round.
        references: names of the contestants that all others are divided by.
        timed: read from the runs that nothing disturbs.
        sampled: read from the runs whose memory is watched, which slows them down.
        tolerances: numbers of the answers that all contestants must agree on, and how closely.
    """

    name: str
    purpose: str
    contestants: Sequence[Contestant]
    references: Sequence[str]
    timed: Sequence[Figure] = ()
    sampled: Sequence[Figure] = ()
    tolerances: dict[str, float] = field(default_factory=dict)


WHOLE_PROCESS = Figure("whole process, s", lambda run: run.seconds)
CPU = Figure("CPU, s", lambda run: run.cpu_seconds)
HELD_MEMORY = Figure("peak memory held, MB", lambda run: run.held_bytes / 1e6)
MAPPED_FILES = Figure("peak mapped files, MB", lambda run: run.mapped_bytes / 1e6)
