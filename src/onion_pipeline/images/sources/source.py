"""``ImageSource``: labelled files that may be read, and files that must not be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError, list_some

Member = TypeVar("Member")
REMEDIES = {
    "link": "To read what links lead to: --params ingest.follow_links=true. If it is not wanted, "
    "remove the link.",
    "unreadable": "Give yourself the right to read it (chmod -R u+rX <folder>), or move it away.",
}


class Refusal(NamedTuple):
    """A file that is listed and must not be read.

    Args:
        path: as in :class:`ImageSource`; the name as it stands where it is no such path.
        reason: a code, such as ``link`` or ``unsafe_path``.
        detail: what was found, in words.
    """

    path: str
    reason: str
    detail: str


class Reader(Protocol):
    """Reads the files of a source; small enough to be sent to another process."""

    def read(self, path: str) -> bytes:
        """Return the bytes of the file at `path`, or raise ``OSError``."""

    def measure(self, path: str) -> int:
        """Return the size of the file at `path` in bytes, unpacked, or raise ``OSError``."""

    def select(self, paths: Sequence[str]) -> "Reader":
        """Return a reader that knows no more than it needs for `paths`."""


@dataclass(frozen=True)
class MemberReader(Generic[Member]):
    """What readers have in common that know something of each file."""

    members: Mapping[str, Member]  # what that is, by the path

    def select(self, paths: Sequence[str]) -> Self:
        """Return a reader that knows of `paths` alone."""
        members = {path: self.members[path] for path in paths if path in self.members}
        return replace(self, members=members)


@dataclass(frozen=True)
class ImageSource:
    """A read-only collection of files with paths relative to its root.

    Nothing is ever written to a source, and a file is read when it is asked for.

    Args:
        location: what the user named, for messages; without credentials.
        reader: reads the files.
        paths: sorted, unique, printable POSIX paths of the files that may be read.
        refused: the files that may not, sorted by path; disjoint from `paths`.
        given: columns ``path``, ``label``, ``split``, ``group`` (missing where none is given)
            and others that a table has, one row per path and in their order, where a table
            gives them; ``None`` where the folders do (see :mod:`onion_pipeline.images.labels`).
        unentered: the paths of those of `refused` that are folders, whose files are not listed.
        warning: what a person should know before they trust the paths.
        reopen: returns this source with links followed; ``None`` where none can be.
    """

    location: str
    reader: Reader
    paths: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    given: DataFrame | None = field(default=None, compare=False, repr=False)
    unentered: tuple[str, ...] = ()
    warning: str | None = None
    reopen: Callable[[], "ImageSource"] | None = field(default=None, compare=False, repr=False)

    def read(self, path: str) -> bytes:
        """Return the bytes of the file at `path`.

        Raises:
            OSError: it cannot be read, is damaged in its archive, or cannot be reached.
        """
        return self.reader.read(path)

    def measure(self, path: str) -> int:
        """Return the size of the file at `path` in bytes, unpacked.

        Raises:
            OSError: it cannot be found or reached.
        """
        return self.reader.measure(path)

    def select(self, paths: Sequence[str]) -> "ImageSource":
        """Return a source of these `paths` alone, in any order: what a worker process is sent.

        It lacks what a table gives, which a worker would need pandas for.
        """
        return ImageSource(self.location, self.reader.select(paths), tuple(paths))

    def follow_links(self, wanted: bool = True) -> "ImageSource":
        """Return a source that, if `wanted`, also reads what links lead to and it does not list.

        Links to folders that it lists, or that lie around it, stay refused: nothing is read
        twice, and nothing in a circle.
        """
        return (self._followed if wanted else None) or self

    @cached_property
    def _followed(self) -> "ImageSource | None":
        has_links = any(refusal.reason == "link" for refusal in self.refused)
        return self.reopen() if has_links and self.reopen else None

    def check_listed(self) -> None:
        """Check that no folder is left out: nobody knows how many pictures are in it.

        Raises:
            DataError: one is a link that is not followed, or must not be read.
        """
        unentered = set(self.unentered)
        folders = [refusal for refusal in self.refused if refusal.path in unentered]
        if not folders:
            return
        count = f"{len(folders)} folders are" if len(folders) > 1 else "A folder is"
        listed = [f"{folder.path} ({folder.detail})" for folder in folders]
        kinds = {folder.reason for folder in folders}
        raise DataError(
            f"{count} left out of {self.location}, with all the pictures in it: "
            f"{list_some(listed, mark=';')}. "
            + " ".join(remedy for kind, remedy in REMEDIES.items() if kind in kinds)
        )
