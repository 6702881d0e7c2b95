"""Files that appear whole or not at all, and whose seal tells when they have changed since.

The seal of ``metrics.json`` is ``metrics.json.seal`` beside it: a checksum, a size, and what the
file was made of. A file without one was never finished, and counts as missing.

A process that is killed leaves its temporary file, ``.metrics.<process>.json``; whoever writes
the same file next removes it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple

from onion_pipeline.errors import DamagedFileError
from onion_pipeline.storage.disk import name_disk

SUFFIX = ".seal"

# The checksums of files as they were when this process last looked: device, inode, time, size.
_known: dict[tuple[int, int, int, int], str] = {}


class Seal(NamedTuple):
    """What a file was when it was written.

    Args:
        checksum: BLAKE2b of 256 bits, in hexadecimal.
        size: in bytes.
        array_origin: a hash of what the pixels of an array were made of, so that they need not be
            made again; empty for other files.
        origin: a hash of the node, the parameters and the inputs that a run made it of, see
            :mod:`onion_pipeline.hooks.outdated_artifacts`; empty if no run did.
    """

    checksum: str
    size: int
    array_origin: str = ""
    origin: str = ""


@contextmanager
def write_sealed(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; once the block succeeds, rename it, and seal the file.

    A reader sees the old file or the new one, never half of one, even after a loss of power; if
    the block fails, the old one stays. While the file is replaced and its seal not yet, it has
    none, and so counts as missing if the process ends there.

    Raises:
        DiskError: the disk is full, or does not let itself be written to.
    """
    seal = locate_seal(path)
    with _write_temporary(seal) as temporary_seal, _write_temporary(path) as temporary:
        yield temporary
        _flush_file(temporary)
        sealed = Seal(hash_file(temporary), temporary.stat().st_size)
        temporary_seal.write_text(json.dumps(sealed._asdict()), encoding="utf-8")
        _flush_file(temporary_seal)
        seal.unlink(missing_ok=True)
        temporary.replace(path)
        temporary_seal.replace(seal)
        _flush_folder(path.parent)


def amend_seal(path: Path, **changes: Any) -> None:
    """Change the ``array_origin`` or the ``origin`` that the :class:`Seal` of a file names.

    Raises:
        DamagedFileError: the file has no seal.
    """
    content = _require_seal(path)._replace(**changes)
    seal = locate_seal(path)
    with _write_temporary(seal) as temporary:
        temporary.write_text(json.dumps(content._asdict()), encoding="utf-8")
        # Not flushed, which takes milliseconds: a seal that a loss of power tears is none.
        temporary.replace(seal)


def check_seal(path: Path) -> Seal:
    """Return the seal of a file that is as it was written.

    Raises:
        DamagedFileError: the file was not finished, or has changed since.
    """
    seal = _require_seal(path)
    if (path.stat().st_size, hash_file(path)) != (seal.size, seal.checksum):
        raise DamagedFileError(
            f"{path} is not what was written: its checksum is not the one in "
            f"{locate_seal(path).name}. The disk may be failing, or somebody has edited the file. "
            "Make it anew with kedro run --only-missing-outputs; to keep a version of your own, "
            "save that through the catalog (kedro ipython: catalog.save)."
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


def _require_seal(path: Path) -> Seal:
    seal = read_seal(path)
    if seal is None:
        path.stat()  # a file that is not there is missing, and not unfinished
        raise DamagedFileError(
            f"{path} has no seal ({locate_seal(path).name}): it was not written to its end, or not "
            "by this project. Make it anew with kedro run --only-missing-outputs."
        )
    return seal


@contextmanager
def _write_temporary(path: Path) -> Iterator[Path]:
    # The suffix stays: some writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    with name_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(path)
        try:
            yield temporary
        finally:
            with suppress(OSError):  # what went wrong before says more
                temporary.unlink()


def _remove_left_over(path: Path) -> None:
    """Remove the temporary files for `path` of processes that have ended."""
    import psutil

    for found in path.parent.glob(f".{escape(path.stem)}.*{escape(path.suffix)}"):
        process = found.name.removeprefix(f".{path.stem}.").removesuffix(path.suffix)
        with suppress(ValueError, OverflowError):  # it is no number of a process
            # In a container all have the same few numbers: an earlier one may have had this one's.
            if int(process) == os.getpid() or not psutil.pid_exists(int(process)):
                found.unlink(missing_ok=True)


def _flush_file(path: Path) -> None:
    with path.open("rb+") as file:  # Windows flushes no file that is open for reading alone
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can be asked to."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
