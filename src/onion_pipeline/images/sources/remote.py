"""Files wherever fsspec finds them: S3, Google Cloud, the web, memory."""

import posixpath
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

import fsspec
from fsspec.implementations.local import LocalFileSystem

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.failures import fail_as_os_error
from onion_pipeline.images.sources.listing import Keep, Listing
from onion_pipeline.images.sources.local import LocalPlace
from onion_pipeline.images.sources.names import find_ancestors, hide_credentials, is_no_litter
from onion_pipeline.images.sources.place import Kind, Place
from onion_pipeline.images.sources.source import ImageSource, MemberReader

# What tells one version of a file from the next, as the file systems call it.
VERSIONS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")

# The name that the file system has for a file, and its size if the listing told it.
File = tuple[str, int | None]


def connect(uri: str) -> Place:
    """Return the place that `uri` names.

    Credentials and endpoints come from where each library looks for them, such as
    ``AWS_ENDPOINT_URL``, and from fsspec's configuration: ``FSSPEC_S3_ENDPOINT_URL`` names
    another server, and ``FSSPEC_S3_ANON=true`` reads a public bucket.

    Raises:
        DataError: what reads such URIs is not installed, or cannot begin.
    """
    try:
        with fail_as_os_error():
            filesystem, path = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError, OSError) as error:
        raise DataError(
            f"{hide_credentials(uri)} cannot be opened: {hide_credentials(str(error))}. What reads "
            's3://, gs:// and https:// comes with: pip install "onion-pipeline[remote]".'
        ) from error
    if isinstance(filesystem, LocalFileSystem):
        return LocalPlace(path, uri)
    filesystem.invalidate_cache()  # in a notebook, files may have been added since
    return RemotePlace(filesystem, path, hide_credentials(uri))


@dataclass(frozen=True)
class RemotePlace:
    """A :class:`~onion_pipeline.images.sources.place.Place` in a file system of fsspec.

    Its versions are size and time of change, or whatever the file system has of that kind.
    """

    filesystem: fsspec.AbstractFileSystem
    path: str
    location: str

    @property
    def name(self) -> str:
        return self.path.partition("?")[0].rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> "RemotePlace":
        folder, shown = (text.partition("?")[0] for text in (self.path, self.location))
        return RemotePlace(self.filesystem, posixpath.dirname(folder), posixpath.dirname(shown))

    def join(self, name: str) -> "RemotePlace":
        quoted = quote(name) if self._is_web else name
        path = f"{self.path.rstrip('/')}/{quoted}"
        return RemotePlace(self.filesystem, path, f"{self.location.rstrip('/')}/{name}")

    def find_kind(self) -> Kind | None:
        """Return what is here; a web page that lists files ends in ``/``."""
        if self._is_web and self.path.endswith("/"):
            return "folder"
        try:
            found = self._describe()["type"]
        except FileNotFoundError:
            return None
        return "folder" if found == "directory" else "file"

    def find_version(self) -> Hashable:
        return _pick_version(self._describe())

    def find_versions(self, keep: Keep = is_no_litter) -> list[Hashable]:
        root = f"{self.path.rstrip('/')}/"
        with fail_as_os_error():
            found = self.filesystem.find(self.path, detail=True)
        return [
            (key, *_pick_version(entry))
            for key, entry in sorted(found.items())
            if all(map(keep, accumulate(key.removeprefix(root).split("/"), "{}/{}".format)))
        ]

    def measure(self) -> int:
        return self._describe()["size"] or 0

    def open(self) -> BinaryIO:
        with fail_as_os_error():
            return self.filesystem.open(self.path, "rb")  # fetches parts as they are needed

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        with fail_as_os_error():
            return self.filesystem.cat_file(self.path, start=start or None, end=stop)

    def list_alone(self) -> ImageSource:
        reader = _RemoteReader({self.name: (self.path, None)}, self.filesystem)
        return ImageSource(self.location, reader, (self.name,))

    def list_files(self, names: Collection[str] | None = None) -> ImageSource:
        if names is None:
            return self._list("", is_no_litter)
        if self._is_web:  # it lists no files: those that are missing turn up when they are read
            files = {name: (self.join(name).path, None) for name in sorted(names)}
            return ImageSource(self.location, _RemoteReader(files, self.filesystem), tuple(files))
        shared = posixpath.commonpath([posixpath.dirname(name) for name in names] or [""])
        return self._list(shared, find_ancestors(names).__contains__)

    @property
    def _is_web(self) -> bool:
        return "http" in self.filesystem.protocol

    def _describe(self) -> dict[str, Any]:
        with fail_as_os_error():
            return self.filesystem.info(self.path)

    def _list(self, folder: str, keep: Keep) -> ImageSource:
        listing: Listing[File] = Listing(keep)
        root = self.path.rstrip("/")
        with fail_as_os_error():
            found = self.filesystem.find(posixpath.join(root, folder), detail=True)
        for key, entry in found.items():
            if key.endswith("/"):  # consoles of S3 make such a key for a folder
                continue
            name = key.removeprefix(f"{root}/")
            path = listing.admit_name(unquote(name) if self._is_web else name)
            if path and entry["type"] == "file":
                listing.add(path, (key, entry.get("size")))
            elif path and entry["type"] != "directory":
                listing.refuse(path, "not_a_file", f"a {entry['type']}")
        return listing.make_source(
            self.location, lambda files: _RemoteReader(files, self.filesystem)
        )


def _pick_version(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry.get("size"), *(str(entry[key]) for key in VERSIONS if key in entry)


@dataclass(frozen=True)
class _RemoteReader(MemberReader[File]):
    """Reads files in a file system of fsspec, of which the listing has told the sizes."""

    filesystem: fsspec.AbstractFileSystem

    def read(self, path: str) -> bytes:
        with fail_as_os_error():
            return self.filesystem.cat_file(self.members[path][0])

    def measure(self, path: str) -> int:
        key, size = self.members[path]
        if size is not None:
            return size
        with fail_as_os_error():
            return self.filesystem.size(key) or 0
