"""One environment for each peer, made on demand from its pinned requirements."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.contest import Contestant

ENVIRONMENTS = Path(__file__).parent / ".environments"
REQUIREMENTS = Path(__file__).parent / "requirements"


def find_interpreter(contestant: Contestant) -> str:
    """Return the interpreter of a contestant's environment, which is made if need be."""
    requirements = contestant.requirements
    return sys.executable if requirements is None else create_environment(requirements)


def create_environment(requirements: Path, folder: Path = ENVIRONMENTS) -> str:
    """Return the interpreter of an environment with `requirements`, which is kept.

    Args:
        requirements: ``<name>.txt``; the environment is made anew if it changes.
        folder: where the environments are.

    Raises:
        FileNotFoundError: there is no uv.
        CalledProcessError: an installation failed.
    """
    environment = folder / requirements.stem
    python, stamp = environment / "bin" / "python", environment / "requirements.txt"
    if not stamp.is_file() or stamp.read_bytes() != requirements.read_bytes():
        print(f"Installing {requirements.name}", flush=True)
        uv = find_uv()
        subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, environment], check=True)
        # Compiled at once, since no contestant's first run should pay for it.
        # Without this project's uv settings, which constrain versions that peers may need.
        install = [uv, "--no-config", "pip", "install", "-q", "--compile-bytecode"]
        subprocess.run([*install, "-p", python, "-r", requirements], check=True)
        shutil.copyfile(requirements, stamp)
    return str(python)


def find_uv() -> str:
    """Return the path of uv, beside this interpreter or on the ``PATH``."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("uv", path=places)
    if found is None:
        raise FileNotFoundError("uv makes the peers' environments and is missing: pip install uv")
    return found
