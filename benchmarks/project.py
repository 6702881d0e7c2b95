"""A copy of this project, in which its contestants run."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.machine import PROJECT

# What a run may find from an earlier one: the tracking database, as a user's project has it.
KEPT = ("conf", "src", "pyproject.toml", ".telemetry", "mlflow.db", "mlruns")


def copy_project(target: Path, parameters: Mapping[str, Any] | None = None) -> Path:
    """Copy what a clone of this project needs to run, so that the user's data stays.

    Args:
        target: folder for the copy, which is made anew.
        parameters: those that differ from the project's own, by section.
    """
    shutil.rmtree(target, ignore_errors=True)
    for name in ("conf", "src"):
        ignored = shutil.ignore_patterns("__pycache__", "local")
        shutil.copytree(PROJECT / name, target / name, ignore=ignored)
    (target / "conf" / "local").mkdir()
    if parameters:
        write_parameters(target / "conf", parameters)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, target)
    return target


def write_parameters(conf: Path, parameters: Mapping[str, Mapping[str, Any]]) -> None:
    """Write whole sections to ``conf/local``, since Kedro replaces those of ``conf/base``."""
    sections = {}
    for name, changed in parameters.items():
        own = yaml.safe_load((conf / "base" / f"parameters_{name}.yml").read_text())[name]
        sections[name] = {**own, **changed}
    (conf / "local" / "parameters.yml").write_text(yaml.safe_dump(sections))


def clean_project(project: Path) -> None:
    """Remove what a run has made, so that the next one has to do all of it again."""
    for entry in project.iterdir():
        if entry.name not in KEPT:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
