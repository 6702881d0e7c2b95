"""What an array was made of, so that the same is not made twice."""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGE = Path(__file__).parents[1]
# What is installed: code, and what pages are made of. A page's own sources are not, only the
# bundle that is built from them; they stand in folders of these names, with the tools for it.
SHIPPED = {".py", ".jinja", ".j2", ".css", ".js", ".txt"}  # suffixes
UNSHIPPED = {"src", "node_modules"}
AT_A_TIME = 1 << 20


def fingerprint(kind: str, libraries: Sequence[str], *ingredients: Any) -> str:
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
    return sorted(path.as_posix() for path in found if UNSHIPPED.isdisjoint(path.parts))


def find_version(library: str) -> str:
    """Return the version of an installed package; nothing if another build of it is installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _update(digest: Any, array: NDArray[Any]) -> None:
    step = max(1, AT_A_TIME // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        digest.update(np.ascontiguousarray(array[start : start + step]).tobytes())
