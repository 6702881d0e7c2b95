"""Contestants that are one script of a benchmark's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.contest import Contestant
from benchmarks.environments import REQUIREMENTS

# Threads of OpenMP that wait sleep: no slower on two idle cores, and up to three times as fast
# on busy ones, which those of a DataLoader's workers always are.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}


class Script(NamedTuple):
    """A script that takes part.

    Args:
        name: as it stands in the tables.
        file: its name, without ``with_`` and ``.py``.
        tool: the name of its environment; ``None`` is the one that runs the harness.
        arguments: before those that all scripts of the benchmark are given.
        packages: whose versions are reported.
    """

    name: str
    file: str
    tool: str | None
    arguments: Sequence[str]
    packages: Sequence[str]


def create_contestant(
    script: Script, folder: Path, work: Path, arguments: Sequence[str], shown: str, **more: Any
) -> Contestant:
    """Return a script as a contestant.

    Args:
        script: it.
        folder: where it lies.
        work: its working directory.
        arguments: those that all scripts of the benchmark are given.
        shown: the same for a reader.
        more: of :class:`~benchmarks.contest.Contestant`.
    """
    variables = PATIENT if "torch" in script.packages else {}
    setting = [f"{name}={value}" for name, value in variables.items()]
    file = f"with_{script.file}.py"
    return Contestant(
        name=script.name,
        arguments=[str(folder / file), *script.arguments, *arguments],
        shown=" ".join([*setting, "python", file, *script.arguments, shown]),
        folder=work,
        requirements=REQUIREMENTS / f"{script.tool}.txt" if script.tool else None,
        packages=script.packages,
        variables=variables,
        **more,
    )


def create_scripts(
    scripts: Sequence[Script], folder: Path, work: Path, argument: str
) -> list[Contestant]:
    """Return scripts that are given one argument as contestants."""
    return [create_contestant(script, folder, work, [argument], argument) for script in scripts]
