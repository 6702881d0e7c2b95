"""Where image files come from: a folder, a zip or a single file, read through fsspec."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

import fsspec

from onion_pipeline.errors import DataError

# What operating systems leave lying about; nobody thinks of these files as images.
LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True)
class ImageSource:
    """A read-only collection of files with paths relative to its root.

    Nothing is ever written to a source, and an archive is read in place.

    Args:
        location: what the user named, for messages.
        filesystem: the fsspec file system that holds the files.
        root: where they start inside `filesystem`; ``""`` for the root of an archive.
        paths: sorted POSIX paths, relative to `root`.
    """

    location: str
    filesystem: fsspec.AbstractFileSystem
    root: str
    paths: tuple[str, ...]

    def read(self, path: str) -> bytes:
        """Return the bytes of the file at `path`.

        Raises:
            OSError, BadZipFile: the file cannot be read.
        """
        return self.filesystem.cat_file(self._locate(path))

    def measure(self, path: str) -> int:
        """Return the size of the file at `path` in bytes, unpacked.

        Raises:
            OSError: the file cannot be found.
        """
        return self.filesystem.size(self._locate(path)) or 0

    def _locate(self, path: str) -> str:
        return f"{self.root}/{path}" if self.root else path


def open_source(location: str | Path) -> ImageSource:
    """Return the files at `location`: a folder, a zip archive or one image file.

    Raises:
        DataError: nothing is there, it holds no file, or the archive is broken.
    """
    place = Path(location)
    if place.is_dir():
        source = _open_folder(place)
    elif place.is_file():
        source = _open_zip(place) if place.suffix.lower() == ".zip" else _open_file(place)
    else:
        raise DataError(
            f"No images at {place}: there is no such file or folder. "
            f"{_describe_neighbours(place)}"
            "Give a folder with one sub-folder per class, or a zip of one: "
            "kedro run --params images=path/to/photos"
        )
    if not source.paths:
        raise DataError(
            f"No images at {place}: it holds no file. Expected <class>/<picture>, "
            "for example cats/1.jpg and dogs/1.jpg."
        )
    return source


def _open_folder(place: Path) -> ImageSource:
    local = fsspec.filesystem("file")
    return _list_files(str(place), local, local._strip_protocol(str(place)))


def _open_zip(place: Path) -> ImageSource:
    try:
        archive = fsspec.filesystem("zip", fo=str(place))
        return _list_files(str(place), archive, "")
    except (BadZipFile, OSError, IndexError) as error:
        raise DataError(f"{place} is not a readable zip archive: {error}.") from error


def _open_file(place: Path) -> ImageSource:
    local = fsspec.filesystem("file")
    return ImageSource(str(place), local, local._strip_protocol(str(place.parent)), (place.name,))


def _list_files(location: str, filesystem: fsspec.AbstractFileSystem, root: str) -> ImageSource:
    found = (PurePosixPath(path) for path in filesystem.find(root))
    relative = (path.relative_to(root) if root else path for path in found)
    kept = tuple(sorted(str(path) for path in relative if not _is_litter(path)))
    return ImageSource(location, filesystem, root, kept)


def _is_litter(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part.lower() in LITTER for part in path.parts)


def _describe_neighbours(place: Path) -> str:
    parent = place.parent
    if not parent.is_dir():
        return ""
    names = sorted(entry.name for entry in parent.iterdir() if not entry.name.startswith("."))
    return f"{parent} holds: {', '.join(names[:10]) or 'nothing'}. "
