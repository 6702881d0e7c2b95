"""Compressed files, unpacked once to a temporary one: compressed, they cannot be skipped through.

A member of `cifar10-jpg.tar.gz` takes 159 ms where it lies, at random, as everything before it
is unpacked again; 1.8 ms in the order of the archive; and 9 µs unpacked.
"""

import bz2
import gzip
import lzma
import os
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.failures import fail_as_os_error
from onion_pipeline.images.sources.local import LocalPlace
from onion_pipeline.images.sources.place import Place

# What a compressed file may grow to: photographs hardly do, and text 20-fold.
MAX_RATIO = 200
# Below this, any ratio is harmless.
HARMLESS_BYTES = 64 << 20
BLOCK = 16 << 20
# Room to leave on the disk, for whatever else writes there.
RESERVE = 256 << 20
OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


@dataclass(frozen=True)
class TemporaryPlace(LocalPlace):
    """A file that goes when the last source that reads it does, or the process that made it.

    In other processes, and for them alone, it is a place as any other: they must not remove it.
    """

    def __post_init__(self) -> None:
        weakref.finalize(self, _remove, self.path, os.getpid())

    def __reduce__(self) -> tuple[type[LocalPlace], tuple[str, str]]:
        return LocalPlace, (self.path, self.location)

    def __deepcopy__(self, memo: dict[int, Any]) -> "TemporaryPlace":
        return self


def find_opener(head: bytes) -> Callable[[BinaryIO], Any] | None:
    """Return what opens a file that begins with `head`; ``None`` if it is not compressed."""
    return next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None)


def unpack_file(place: Place) -> TemporaryPlace:
    """Return the content of the file at `place`, which may be compressed, as a temporary file.

    It is made in ``$TMPDIR``, or in ``/var/tmp``, which is on a disk where ``/tmp`` may be memory.

    Raises:
        DataError: the file is damaged, grows beyond measure, or there is no room for it.
    """
    disk = "/var/tmp" if Path("/var/tmp").is_dir() else tempfile.gettempdir()
    folder = os.environ.get("TMPDIR", disk)
    try:
        with fail_as_os_error():
            handle, path = tempfile.mkstemp(prefix="onion-pipeline-", dir=folder)
            os.close(handle)
            try:
                _unpack(place, Path(path))
            except BaseException:
                Path(path).unlink()
                raise
            return TemporaryPlace(path, place.location)
    except DataError:
        raise
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(
            f"{place.location} cannot be unpacked into {folder}: {error}. The file may be damaged "
            "or cut short: fetch it again. The environment variable TMPDIR names another folder."
        ) from error


def _unpack(place: Place, target: Path) -> None:
    """Write what `place` holds, watching what it grows to and the room that is left."""
    opener = find_opener(place.read(0, 8))
    limit = max(HARMLESS_BYTES, MAX_RATIO * place.measure())
    with place.open() as packed, target.open("wb") as file:
        content = opener(packed) if opener else packed
        while block := content.read(BLOCK):
            free = shutil.disk_usage(target.parent).free
            if free < RESERVE + BLOCK:
                raise DataError(
                    f"{place.location} cannot be unpacked into {target.parent}: {free} bytes are "
                    "free there. Make room, or name another folder in the environment variable "
                    "TMPDIR."
                )
            file.write(block)
            if file.tell() > limit:
                raise DataError(
                    f"{place.location} unpacks to more than {limit} bytes, {MAX_RATIO} times its "
                    "size, as only files that are made to fill disks do. If you trust it, unpack "
                    "it yourself and name the folder."
                )


def _remove(path: str, process: int) -> None:
    if os.getpid() == process:  # a process that was forked off has this to do as well
        Path(path).unlink(missing_ok=True)
