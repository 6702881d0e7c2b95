"""Files that appear whole or not at all, and whose seal tells when they have changed since.

The seal of ``metrics.json`` is ``metrics.json.seal`` beside it: a checksum, a size, and what the
file was made of. A file without one was never finished, and counts as missing.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from onion_pipeline.errors import DamagedFileError

SUFFIX = ".seal"

# The checksums of files as they were when this process last looked: device, inode, time, size.
_known: dict[tuple[int, int, int, int], str] = {}


class Seal(NamedTuple):
    """What a file was when it was written.

    Args:
        checksum: BLAKE2b of 256 bits, in hexadecimal.
        size: in bytes.
        made_of: a fingerprint of what the file was made of; empty if nobody has said.
    """

    checksum: str
    size: int
    made_of: str = ""


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` once the block succeeds.

    A reader sees the old file or the new one, never half of one, even after a loss of power; if
    the block fails, the old one stays.
    """
    with _write_temporary(path) as temporary:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)


@contextmanager
def write_sealed(path: Path, made_of: str = "") -> Iterator[Path]:
    """Write a file as :func:`write_whole` does, and its seal with it.

    Between the two a file has no seal, and so counts as missing, whenever the process ends.

    Args:
        path: of the file.
        made_of: a fingerprint of what it is made of.
    """
    seal = locate_seal(path)
    with _write_temporary(path) as temporary, _write_temporary(seal) as temporary_seal:
        yield temporary
        _flush(temporary)
        content = Seal(hash_file(temporary), temporary.stat().st_size, made_of)
        temporary_seal.write_text(json.dumps(content._asdict()), encoding="utf-8")
        _flush(temporary_seal)
        seal.unlink(missing_ok=True)
        temporary.replace(path)
        temporary_seal.replace(seal)
        _flush(path.parent)


def check_seal(path: Path) -> Seal:
    """Return the seal of a file that is as it was written.

    Raises:
        DamagedFileError: the file was not finished, or has changed since.
    """
    seal = read_seal(path)
    if seal is None:
        raise DamagedFileError(
            f"{path} has no seal ({locate_seal(path).name}): it was not written to its end, or not "
            "by this project. Make it anew: kedro run --only-missing-outputs."
        )
    if (path.stat().st_size, hash_file(path)) != (seal.size, seal.checksum):
        raise DamagedFileError(
            f"{path} is not what was written: its checksum differs from that in "
            f"{locate_seal(path).name}. The disk may be failing, or somebody has edited the file. "
            "Delete it, and make it anew: kedro run --only-missing-outputs."
        )
    return seal


def is_whole(path: Path) -> bool:
    """Return whether a file was finished and is as it was written."""
    with suppress(DamagedFileError):
        return path.is_file() and bool(check_seal(path))
    return False


def read_seal(path: Path) -> Seal | None:
    """Return the seal of a file, if it has a readable one."""
    with suppress(OSError, ValueError, TypeError):
        return Seal(**json.loads(locate_seal(path).read_text(encoding="utf-8")))
    return None


def locate_seal(path: Path) -> Path:
    """Return where the seal of a file is."""
    return path.with_name(path.name + SUFFIX)


def hash_file(path: Path) -> str:
    """Return the BLAKE2b checksum of a file; read once while the file stays as it is."""
    state = path.stat()
    key = (state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size)
    if key not in _known:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32))
        _known[key] = digest.hexdigest()
    return _known[key]


@contextmanager
def _write_temporary(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays: some writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
