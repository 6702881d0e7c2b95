"""What something was made of: code as it is and as git knows it, libraries, processors."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from onion_pipeline.workers.parallel import count_processors

PACKAGE = Path(__file__).parent
SHIPPED = {".py", ".jinja", ".j2", ".css", ".js", ".txt"}  # code, and what pages are made of
AT_A_TIME = 1 << 20
# Untracked files of other kinds may be pictures, and many.
SOURCES = ("*.py", "*.toml", "*.yaml", "*.yml")
SHORT = 16  # hexadecimal digits of a hash
# What has a part in decoding, in augmentation, in the weights, and in any artifact.
DECODING = ("numpy", "pillow", "simplejpeg")
AUGMENTATION = ("albumentations", "numpy", "opencv-python-headless")
TRAINING = (*AUGMENTATION, "keras", "tensorflow", "tensorflow-cpu")
MODEL = tuple(sorted({*DECODING, *TRAINING, "pandas", "scikit-learn", "scipy"}))
ARTIFACTS = (
    *MODEL,
    *("cleanlab", "jinja2", "markdown-it-py", "matplotlib", "plotly", "pyarrow", "umap-learn"),
)
# The text of a difference, without what the user's own settings of git would make of it.
DIFFERENCE = ("diff", "HEAD", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv")


def hash_origin(kind: str, libraries: Sequence[str], *inputs: Any) -> str:
    """Return the origin of something: a hash that differs where the thing may differ.

    It is of what is given, of the code of this project and of the versions of `libraries`.

    Args:
        kind: what is made; two kinds of things never have the same hash.
        libraries: names of the installed packages that have a part in it.
        inputs: arrays count by type, shape and bytes, all else as it is written.
    """
    return hash_values(kind, hash_code(), *find_versions(libraries).items(), *inputs)


def hash_values(*values: Any) -> str:
    """Return a hash of values: arrays count by type, shape and bytes, all else as it is written."""
    digest = hashlib.blake2b(digest_size=32)
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype} {value.shape};".encode())
            rows = max(1, AT_A_TIME // max(1, value[:1].nbytes))
            for start in range(0, len(value), rows):
                digest.update(np.ascontiguousarray(value[start : start + rows]).tobytes())
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


def find_versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed, by their names."""
    found = {}
    for library in libraries:
        with suppress(PackageNotFoundError):  # another build of it may be installed
            found[library] = version(library)
    return found


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
    commit = _ask_git(package, "rev-parse", "HEAD") if known else b""
    return {
        "package": hash_code()[:SHORT],
        "commit": commit.decode().strip() or None,
        "changes": _hash_changes(package) if commit else None,
    }


def describe_origin(project: Path) -> dict[str, str]:
    """Return what a run depends on beside data and parameters: code, libraries, threads.

    The commit has ``-dirty`` behind it where files have changed since.
    """
    commit = _ask_git(project, "describe", "--always", "--dirty", "--abbrev=40")
    return {
        "git.commit": commit.decode().strip() or "unknown",
        "python": platform.python_version(),
        "processors": str(count_processors()),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        **find_versions(TRAINING),
    }


def _hash_changes(package: Path) -> str | None:
    """Return the SHA-256 of what differs from the commit in the whole repository, if anything."""
    root = Path(os.fsdecode(_ask_git(package, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    changes = [_ask_git(root, *DIFFERENCE)]
    listed = _ask_git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *SOURCES)
    for name in sorted(filter(None, listed.split(b"\0"))):
        path = root / os.fsdecode(name)
        changes += [name, path.read_bytes() if path.is_file() else b""]
    return hashlib.sha256(b"\0".join(changes)).hexdigest() if any(changes) else None


def _ask_git(folder: Path, *arguments: str) -> bytes:
    """Return what git answers; nothing if it does not."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return b""  # no git on this machine
    return found.stdout if found.returncode == 0 else b""
