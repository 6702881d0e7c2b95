"""Files on this machine, read without detours: fsspec takes over twice as long for one."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from onion_pipeline.images.labels import normalize_text
from onion_pipeline.images.sources.listing import Keep
from onion_pipeline.images.sources.names import find_ancestors, is_no_litter, make_printable
from onion_pipeline.images.sources.place import Kind
from onion_pipeline.images.sources.source import ImageSource, MemberReader
from onion_pipeline.images.sources.walks import Walk

READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # the latter on Windows, which has texts


@dataclass(frozen=True)
class LocalPlace:
    """A :class:`~onion_pipeline.images.sources.place.Place` on this machine.

    Args:
        path: absolute.
        location: how it is named in messages.
        follow: whether links in this folder are followed.
    """

    path: str
    location: str
    follow: bool = False

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def parent(self) -> "LocalPlace":
        folder = str(Path(self.path).parent)
        return LocalPlace(folder, make_printable(folder), self.follow)

    def join(self, name: str) -> "LocalPlace":
        return LocalPlace(str(Path(self.path) / name), f"{self.location}/{name}", self.follow)

    def find_kind(self) -> Kind | None:
        """Return what is here; ``None`` also for a pipe or a device, which may have no end."""
        path = Path(self.path)
        if path.is_dir():
            return "folder"
        return "file" if path.is_file() else None

    def find_version(self) -> tuple[int, int]:
        return _find_version(self.path)

    def find_versions(self, keep: Keep = is_no_litter) -> list[tuple[str, int, int]]:
        """Return path, size and time of change of the files in this folder and those in it.

        Also of those that links to folders lead to: whether they are followed is not known here.
        """
        names = Walk(self.path, keep, follow=True).names
        return [(name, *_find_version(f"{self.path}/{name}")) for name in sorted(names)]

    def measure(self) -> int:
        return Path(self.path).stat().st_size

    def open(self) -> BinaryIO:
        return Path(self.path).open("rb")

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        with open(self.path, "rb") as file:  # noqa: PTH123 - for each member of a tar
            file.seek(start)
            return file.read(-1 if stop is None else stop - start)

    def list_alone(self) -> ImageSource:
        shown = make_printable(self.name)
        return ImageSource(self.location, _read_in(self.parent.path, {shown: self.name}), (shown,))

    def list_files(self, names: Collection[str] | None = None) -> ImageSource:
        keep = is_no_litter if names is None else _keep_named(names)
        walk = Walk(self.path, keep, follow=self.follow)
        return walk.listing.make_source(self.location, partial(_read_in, self.path), walk.unentered)


@dataclass(frozen=True)
class FolderReader(MemberReader[str]):
    """Reads files in a folder on this machine.

    Args:
        members: the names of those files that are shown by others, as they are not UTF-8.
        root: the folder.
    """

    root: str

    def read(self, path: str) -> bytes:
        # Not open(): it takes twice as long, and this is done for each image.
        file = os.open(self._locate(path), READ)
        try:
            return os.read(file, os.fstat(file).st_size)
        finally:
            os.close(file)

    def measure(self, path: str) -> int:
        return os.stat(self._locate(path)).st_size  # noqa: PTH116

    def _locate(self, path: str) -> str:
        return f"{self.root}/{self.members.get(path, path)}"


def _read_in(root: str, names: Mapping[str, str]) -> FolderReader:
    return FolderReader({path: name for path, name in names.items() if path != name}, root)


def _keep_named(names: Collection[str]) -> Keep:
    """Return what tells `names` and their folders from others, in whichever normal form they are.

    A table may spell a name in the one, and the disk, above all of a Mac, in the other.
    """
    wanted = find_ancestors(names)
    if all(map(str.isascii, names)):
        return wanted.__contains__
    forms = frozenset(map(normalize_text, wanted))
    return lambda path: normalize_text(path) in forms


def _find_version(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - for each image
    except OSError:
        status = os.lstat(path)  # a link that leads nowhere
    return status.st_size, status.st_mtime_ns
