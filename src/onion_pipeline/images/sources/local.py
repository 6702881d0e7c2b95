"""Files on this machine, read without detours: fsspec takes over twice as long for one."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from onion_pipeline.images.sources.listing import Keep, Listing, is_no_litter
from onion_pipeline.images.sources.names import find_ancestors, make_printable
from onion_pipeline.images.sources.source import ImageSource

READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # the latter on Windows, which has texts


@dataclass(frozen=True)
class LocalPlace:
    """A :class:`~onion_pipeline.images.sources.places.Place` on this machine."""

    path: str
    location: str

    @property
    def name(self) -> str:
        """Its last part."""
        return Path(self.path).name

    @property
    def parent(self) -> "LocalPlace":
        """The folder it lies in."""
        folder = str(Path(self.path).parent)
        return LocalPlace(folder, make_printable(folder))

    def join(self, name: str) -> "LocalPlace":
        """Return the place `name` in this folder."""
        return LocalPlace(str(Path(self.path) / name), f"{self.location}/{name}")

    def find_kind(self) -> Literal["folder", "file"] | None:
        """Return what is here; ``None`` also for a pipe or a device, which may have no end."""
        path = Path(self.path)
        if path.is_dir():
            return "folder"
        return "file" if path.is_file() else None

    def find_neighbours(self) -> list[str] | None:
        """Return the visible names in the folder around it; ``None`` if there is none."""
        folder = Path(self.path).parent
        if not folder.is_dir():
            return None
        names = (entry.name for entry in folder.iterdir())
        return sorted(make_printable(name) for name in names if not name.startswith("."))

    def find_version(self) -> tuple[int, int]:
        """Return size and time of change."""
        status = Path(self.path).stat()
        return status.st_size, status.st_mtime_ns

    def find_versions(self, keep: Keep = is_no_litter) -> list[tuple[str, int, int]]:
        """Return path, size and time of change of the files in this folder and those in it."""
        found: list[tuple[str, int, int]] = []
        for folder, folders, names in os.walk(self.path):
            above = f"{Path(folder).relative_to(self.path).as_posix()}/".removeprefix("./")
            folders[:] = [name for name in folders if keep(above + name)]
            found += [
                (above + name, *_find_version(f"{folder}/{name}"))
                for name in names
                if keep(above + name)
            ]
        return sorted(found)

    def measure(self) -> int:
        """Return the size of the file in bytes."""
        return Path(self.path).stat().st_size

    def open(self) -> BinaryIO:
        """Return the file, open for reading."""
        return Path(self.path).open("rb")

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes from `start` up to `stop` or the end."""
        with open(self.path, "rb") as file:  # noqa: PTH123 - for each member of a tar
            file.seek(start)
            return file.read(-1 if stop is None else stop - start)

    def list_alone(self) -> ImageSource:
        """Return a source of this one file."""
        shown = make_printable(self.name)
        reader = FolderReader(self.parent.path, {shown: self.name} if shown != self.name else {})
        return ImageSource(self.location, reader, (shown,))

    def list_files(self) -> ImageSource:
        """Return a source of the files in this folder and the folders in it."""
        return _Walk(self, is_no_litter).list_files()

    def list_named(self, names: Collection[str]) -> ImageSource:
        """Return a source of those files in this folder that `names` has."""
        return _Walk(self, find_ancestors(names).__contains__).list_files()


@dataclass(frozen=True)
class FolderReader:
    """Reads files in a folder on this machine.

    Args:
        root: the folder.
        names: the names of those files that are shown by others, as they are not UTF-8.
    """

    root: str
    names: Mapping[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Return the bytes of the file at `path`."""
        # Not open(): it takes twice as long, and this is done for each image.
        file = os.open(self._locate(path), READ)
        try:
            return os.read(file, os.fstat(file).st_size)
        finally:
            os.close(file)

    def measure(self, path: str) -> int:
        """Return the size of the file at `path` in bytes."""
        return os.stat(self._locate(path)).st_size  # noqa: PTH116

    def select(self, paths: Sequence[str]) -> "FolderReader":
        """Return a reader that knows the other names of `paths` alone."""
        return FolderReader(
            self.root, {path: self.names[path] for path in paths if path in self.names}
        )

    def _locate(self, path: str) -> str:
        return f"{self.root}/{self.names.get(path, path)}"


def _find_version(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - for each image
    except OSError:
        status = os.lstat(path)  # a link that leads nowhere
    return status.st_size, status.st_mtime_ns


class _Walk:
    """Lists a folder without ever following a link: none leads out of it or in a circle."""

    def __init__(self, place: LocalPlace, keep: Keep) -> None:
        self._place = place
        self._listing: Listing[str] = Listing(keep)
        self._links: dict[str, str] = {}
        self._folders = [""]

    def list_files(self) -> ImageSource:
        while self._folders:
            self._enter(self._folders.pop())
        members = self._listing.find_members()
        refused = self._listing.find_refused()
        refused_links = {refusal.path for refusal in refused if refusal.reason == "link"}
        leading_out = self._find_leading_out(frozenset(members.values()))
        names = {path: name for path, name in (members | self._links).items() if path != name}
        return ImageSource(
            self._place.location,
            FolderReader(self._place.path, names),
            tuple(members),
            refused,
            links=tuple(sorted(refused_links & leading_out)),
        )

    def _enter(self, folder: str) -> None:
        try:
            with os.scandir(f"{self._place.path}/{folder}") as entries:
                for entry in entries:
                    self._list_entry(entry, folder + entry.name)
        except OSError as error:
            if not folder:
                raise
            self._refuse(folder[:-1], "unreadable", f"{error.strerror}: its files are not listed")

    def _list_entry(self, entry: os.DirEntry[str], name: str) -> None:
        if not self._listing.keep(name):
            return
        if entry.is_symlink():
            self._links[make_printable(name)] = name
            self._refuse(name, "link", f"a link to {make_printable(str(Path(entry).readlink()))}")
        elif entry.is_dir(follow_symlinks=False):
            self._folders.append(f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            self._listing.add(make_printable(name), name)
        else:
            self._refuse(name, "not_a_file", "a pipe, a socket or a device")

    def _refuse(self, name: str, reason: str, detail: str) -> None:
        self._listing.refuse(make_printable(name), reason, detail)

    def _find_leading_out(self, listed: frozenset[str]) -> set[str]:
        """Return the links to files that are not listed themselves: perhaps hidden ones."""
        root = os.path.realpath(self._place.path)
        targets = {path: os.path.realpath(f"{root}/{name}") for path, name in self._links.items()}
        return {
            path
            for path, target in targets.items()
            # Unlike pathlib's, this is false for a target that must not be looked at.
            if os.path.isfile(target) and target.removeprefix(f"{root}/") not in listed  # noqa: PTH113
        }
