"""What a result was made of: code as it is and as git knows it, libraries, processors."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.workers.parallel import count_processors

PACKAGE = Path(__file__).parent
SHIPPED = {".py", ".jinja", ".j2", ".css", ".js", ".txt"}  # code, and what pages are made of
AT_A_TIME = 1 << 20
# Untracked files of other kinds may be pictures, and many.
SOURCES = ("*.py", "*.toml", "*.yaml", "*.yml")
SHORT = 16  # hexadecimal digits of a hash
# The text of a difference, without what the user's own settings of git would make of it.
DIFFERENCE = ("diff", "HEAD", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv")


def hash_origin(kind: str, libraries: Sequence[str], *ingredients: Any) -> str:
    """Return a hash that differs where the result may differ.

    Beside what is given, it is of the code of this project and the versions of `libraries`.

    Args:
        kind: what is made; two kinds of things never have the same hash.
        libraries: names of the installed packages that have a part in it.
        ingredients: arrays count by type, shape and bytes, all else as it is written.
    """
    versions = [f"{library} {find_version(library)}".strip() for library in libraries]
    return hash_values(kind, hash_code(), *versions, *ingredients)


def hash_values(*values: Any) -> str:
    """Return a hash of values: arrays count by type, shape and bytes, all else as it is written."""
    digest = hashlib.blake2b(digest_size=32)
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype} {value.shape};".encode())
            _update(digest, value)
        else:
            digest.update(f"{value!r};".encode())
    return digest.hexdigest()


@cache
def hash_code() -> str:
    """Return a hash of this project's source: another version may make something else."""
    digest = hashlib.blake2b(digest_size=32)
    for name in list_source():
        digest.update(name.encode() + b"\0" + (PACKAGE / name).read_bytes())
    return digest.hexdigest()


def list_source() -> list[str]:
    """Return the files of this package that are installed, by their paths below it, sorted.

    They are the same ones in a clone and in an environment, and so is their hash.
    """
    found = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.suffix in SHIPPED)
    return sorted(path.as_posix() for path in found)


def find_version(library: str) -> str:
    """Return the version of an installed package; nothing if another build of it is installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def describe_code(package: Path = PACKAGE) -> dict[str, str | None]:
    """Return what identifies the code of this project.

    Args:
        package: the folder of its source; git is asked about what it lies in.

    Returns:
        ``package``: a hash of its source; ``commit``, and ``changes``: the SHA-256 of the
        difference to it and of untracked source files. Without git, or where git does not know
        the package, ``commit`` is ``None``; without changes, ``changes`` is.
    """
    known = _ask_git(package, "ls-files", "__init__.py")
    commit = _ask_git(package, "rev-parse", "HEAD") if known else None
    return {
        "package": hash_code()[:SHORT],
        "commit": commit.decode().strip() if commit else None,
        "changes": _hash_changes(package) if commit else None,
    }


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


def _update(digest: Any, array: NDArray[Any]) -> None:
    step = max(1, AT_A_TIME // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        digest.update(np.ascontiguousarray(array[start : start + step]).tobytes())


def _read_commit(project: Path) -> str:
    """Return the commit of the code, with ``-dirty`` for uncommitted changes."""
    found = _ask_git(project, "describe", "--always", "--dirty", "--abbrev=40") or b""
    return found.decode().strip() or "unknown"


def _hash_changes(package: Path) -> str | None:
    """Return the SHA-256 of what differs from the commit in the whole repository, if anything."""
    root = Path(os.fsdecode(_require_git(package, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    changes = [_require_git(root, *DIFFERENCE)]
    listed = _require_git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *SOURCES)
    for name in sorted(filter(None, listed.split(b"\0"))):
        path = root / os.fsdecode(name)
        changes += [name, path.read_bytes() if path.is_file() else b""]
    if not any(changes):
        return None
    return hashlib.sha256(b"\0".join(changes)).hexdigest()


def _require_git(folder: Path, *arguments: str) -> bytes:
    return _ask_git(folder, *arguments) or b""


def _ask_git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git answers, or ``None`` if it does not."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return None  # no git on this machine
    return found.stdout if found.returncode == 0 else None
