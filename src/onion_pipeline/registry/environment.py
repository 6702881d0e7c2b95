"""What a result depends on beside data and parameters."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from onion_pipeline.workers.parallel import count_processors


def describe_environment(project: Path) -> dict[str, str]:
    """Return what a result depends on beside data and parameters: code, libraries, threads."""
    libraries = ("tensorflow-cpu", "tensorflow", "keras", "numpy", "albumentations")
    return {
        "git.commit": _read_commit(project),
        "python": platform.python_version(),
        "processors": str(count_processors()),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        **{name: found for name in libraries if (found := find_version(name))},
    }


def find_version(library: str) -> str | None:
    """Return the installed version of `library`, if it is installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _read_commit(project: Path) -> str:
    """Return the commit of the code, with ``-dirty`` for uncommitted changes."""
    command = ["git", "-C", str(project), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"  # no git on this machine
    return found.stdout.strip() or "unknown"
