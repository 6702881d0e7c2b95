"""``ImageSource``: labelled files that may be read, and files that must not be."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Protocol

from onion_pipeline.annotations import DataFrame


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
        links: those of `refused` that :meth:`follow_links` makes readable.
        given_links: as `given`, for `links`.
    """

    location: str
    reader: Reader
    paths: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    given: DataFrame | None = field(default=None, compare=False, repr=False)
    links: tuple[str, ...] = ()
    given_links: DataFrame | None = field(default=None, compare=False, repr=False)

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
        """Return a source of `paths` alone: what a worker process is sent.

        Args:
            paths: some of this source's, in any order.
        """
        given = self.given
        if given is not None:
            given = given.iloc[[self._positions[path] for path in paths]].reset_index(drop=True)
        return ImageSource(self.location, self.reader.select(paths), tuple(paths), given=given)

    def follow_links(self) -> "ImageSource":
        """Return a source that also reads the links to files that it does not list itself."""
        if not self.links:
            return self
        links = frozenset(self.links)
        return replace(
            self,
            paths=tuple(sorted((*self.paths, *links))),
            refused=tuple(refusal for refusal in self.refused if refusal.path not in links),
            given=self._join_given(),
            links=(),
            given_links=None,
        )

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {path: position for position, path in enumerate(self.paths)}

    def _join_given(self) -> DataFrame | None:
        if self.given is None:
            return None
        import pandas as pd

        both = pd.concat([self.given, self.given_links])
        return both.set_index("path").loc[sorted(both["path"])].reset_index()
