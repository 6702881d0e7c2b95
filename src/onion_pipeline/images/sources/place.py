"""What a place is: a file or a folder, on this machine or wherever fsspec finds it."""

from collections.abc import Collection, Hashable, Sequence
from typing import BinaryIO, Literal, Protocol

from onion_pipeline.images.sources.listing import Keep
from onion_pipeline.images.sources.names import is_no_litter
from onion_pipeline.images.sources.source import ImageSource

Kind = Literal["folder", "file"]


class Place(Hashable, Protocol):
    """A file or a folder, which need not exist; small enough to be sent to another process."""

    @property
    def location(self) -> str:
        """How the place is named in messages; without credentials."""

    @property
    def name(self) -> str:
        """Its last part."""

    @property
    def parent(self) -> "Place":
        """The folder it lies in."""

    def join(self, name: str) -> "Place":
        """Return the place `name` in this folder."""

    def find_kind(self) -> Kind | None:
        """Return what is here; ``None`` if nothing is."""

    def find_version(self) -> Hashable:
        """Return what changes when the file does."""

    def find_versions(self, keep: Keep = is_no_litter) -> Sequence[Hashable]:
        """Return for each file in this folder and the folders in it what changes when it does."""

    def measure(self) -> int:
        """Return the size of the file in bytes."""

    def open(self) -> BinaryIO:
        """Return the file, open for reading, with ``seek``."""

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes from `start` up to `stop` or the end."""

    def list_alone(self) -> ImageSource:
        """Return a source of this one file."""

    def list_files(self, names: Collection[str] | None = None) -> ImageSource:
        """Return a source of the files in this folder and those in it, or of `names` alone."""
