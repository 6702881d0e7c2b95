"""Which kind of source a location is, by what lies there and what it is called, and its state."""

import hashlib
import os
from collections.abc import Collection, Hashable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.archives.tars import open_tar
from onion_pipeline.images.sources.archives.unpacking import find_opener
from onion_pipeline.images.sources.archives.zips import open_zip
from onion_pipeline.images.sources.idx import find_idx_images, list_label_names, open_idx
from onion_pipeline.images.sources.local import FolderReader, LocalPlace
from onion_pipeline.images.sources.manifests import apply_metadata, open_manifest
from onion_pipeline.images.sources.names import find_ancestors, make_printable
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.sources.tables import PARSERS, is_table

# Enough to hold the mark of a tar archive.
HEAD_SIZE = 512
IMAGE_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")
IMAGE_SUFFIXES = (".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
TAR_SUFFIXES = (".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
KINDS_OF_FILES = {
    ".zip": "zip",
    **dict.fromkeys(TAR_SUFFIXES, "tar"),
    **dict.fromkeys(PARSERS, "table"),
    **dict.fromkeys((*IMAGE_SUFFIXES, ".webp"), "image"),
}
LABELLED_KINDS = (
    "Looked for: a folder with one sub-folder per class; a .zip, .tar, .tar.gz, .tar.bz2 or "
    ".tar.xz of one; a .csv, .tsv, .jsonl or .parquet table with the columns path and label; a "
    "folder with metadata.csv; IDX files such as train-images-idx3-ubyte.gz; or one JPEG, PNG, "
    "BMP, GIF, WebP or TIFF file."
)
KINDS = (  # to predict
    "Looked for: a folder of pictures, in sub-folders or not; a .zip, .tar, .tar.gz, .tar.bz2 or "
    ".tar.xz of one; a .csv, .tsv, .jsonl or .parquet table with the column path; IDX files such "
    "as t10k-images-idx3-ubyte.gz; or one JPEG, PNG, BMP, GIF, WebP or TIFF file."
)


def find_place(location: str | Path) -> Place:
    """Return the place that `location` names: a path, or a URI such as ``s3://bucket/photos``.

    Raises:
        DataError: nothing that is installed reads such URIs.
    """
    if "://" not in str(location):
        # A shell leaves the ~ of `images=~/photos` alone; pathlib fails on `~unknown`.
        path = Path.cwd() / os.path.expanduser(location)  # noqa: PTH111
        return LocalPlace(str(path), str(location))
    # Only here: it imports fsspec, which a folder on this machine does not need.
    from onion_pipeline.images.sources.remote import connect

    return connect(str(location))


def open_source(location: str | Path, *, labelled: bool = True) -> ImageSource:
    """Return the files at `location`, which are listed now and read when they are asked for.

    Args:
        location: a path, or a URI that fsspec understands, such as ``s3://bucket/photos.zip``,
            of a folder, a zip or tar archive, a table (see
            :mod:`~onion_pipeline.images.sources.manifests`), IDX files or an image file.
        labelled: whether there has to be something that names the classes. If not, as to
            predict, tables are asked for nothing but paths.

    Raises:
        DataError: nothing is there, it is of no known kind, is damaged, or holds no file.
    """
    return _open_place(find_place(location), labelled=labelled)


def find_state(location: str | Path) -> str | None:
    """Return a hash of the name, the size and the time of change of each file of a source.

    Args:
        location: as for :func:`open_source`. Of an archive the archive counts; with a table, or
            an IDX file, what belongs to it as well. Servers have other words for the time of
            change, and some on the web have none.

    Returns:
        64 hexadecimal digits; ``None`` where nothing is there, or cannot be asked.

    Raises:
        DataError: a table of files cannot be understood.
    """
    place = find_place(location)
    with suppress(OSError):
        kind = place.find_kind()
        if kind:
            versions = place.find_versions() if kind == "folder" else _find_file_versions(place)
            return hashlib.blake2b(repr(versions).encode(), digest_size=32).hexdigest()
    return None


def _open_place(place: Place, *, labelled: bool) -> ImageSource:
    try:
        source = _open_kind(place, labelled=labelled)
    except OSError as error:
        raise DataError(
            f"{place.location} cannot be read: {error}. Check that it can be reached, and that "
            "you may read it."
        ) from error
    if not (source.paths or source.refused):
        raise DataError(
            f"No images at {place.location}: it holds no file. "
            f"{LABELLED_KINDS if labelled else KINDS}"
        )
    if not (isinstance(place, LocalPlace) and isinstance(source.reader, FolderReader)):
        return source  # nothing links out of an archive
    followed = replace(place, follow=True)
    return replace(source, reopen=partial(_open_place, followed, labelled=labelled))


def _open_kind(place: Place, *, labelled: bool) -> ImageSource:
    kind = place.find_kind()
    if kind is None:
        raise DataError(_describe_nothing(place, labelled=labelled))
    if kind == "file":
        return _open_file(place, labelled=labelled)
    source = place.list_files()
    packed = (refused.path for refused in source.refused if refused.reason == "nested_archive")
    images = find_idx_images([*source.paths, *packed])
    if images:
        return open_idx(place, images, place.location, labelled=labelled)
    return apply_metadata(source, labelled=labelled)


def _open_file(place: Place, *, labelled: bool) -> ImageSource:
    if find_idx_images([place.name]):  # before its content, which may be compressed
        return open_idx(place.parent, [place.name], place.location, labelled=labelled)
    head = place.read(0, HEAD_SIZE)
    suffix = PurePosixPath(place.name).suffix.lower()
    match _find_kind_of(head) or KINDS_OF_FILES.get(suffix):
        case "zip":
            return apply_metadata(open_zip(place), labelled=labelled)
        case "tar":
            return apply_metadata(open_tar(place), labelled=labelled)
        case "table":
            return open_manifest(place, labelled=labelled)
        case "image":
            return place.list_alone()
    raise DataError(
        f"{place.location} cannot be used: it is called {place.name!r} and begins with "
        f"{head[:8].hex(' ') or 'nothing'}. {LABELLED_KINDS if labelled else KINDS}"
    )


def _find_kind_of(head: bytes) -> str | None:
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head[257:262] == b"ustar" or find_opener(head):
        return "tar"
    return "image" if head.startswith(IMAGE_MAGICS) or head[8:12] == b"WEBP" else None


def _find_file_versions(place: Place) -> list[Hashable]:
    """Return the version of a file, and those of the files beside it that belong to it."""
    names: Collection[str] = ()
    if find_idx_images([place.name]):
        names = list_label_names(place.name)
    elif is_table(place.name):
        names = find_ancestors(open_manifest(place, labelled=False).paths)
    beside = place.parent.find_versions(names.__contains__) if names else []
    return [place.find_version(), *beside]


def _describe_nothing(place: Place, *, labelled: bool) -> str:
    neighbours = ""  # a bucket may hold millions
    if isinstance(place, LocalPlace) and place.parent.find_kind() == "folder":
        names = (entry.name for entry in Path(place.parent.path).iterdir())
        listed = sorted(make_printable(name) for name in names if not name.startswith("."))
        neighbours = f"{place.parent.location} holds: {', '.join(listed[:10]) or 'nothing'}. "
    nearer = _find_nearer(place)
    if nearer:
        advice = (
            f"Paths are taken from the folder of the project, and not from {Path.cwd().name}, "
            f"where {place.name} is: --params images={make_printable(str(nearer))}"
        )
    elif labelled:
        advice = (
            "Give a folder with one sub-folder per class, or a zip of one: "
            "kedro run --params images=path/to/photos"
        )
    else:
        advice = (
            "Give a folder of pictures, a zip of one, or a table with the column path: "
            "kedro run --pipelines predict --params images=path/to/photos"
        )
    return f"No images at {place.location}: there is no such file or folder. {neighbours}{advice}"


def _find_nearer(place: Place) -> Path | None:
    """Return where a relative path leads from the current folder, if something is there.

    It has become absolute, below the folder of the project: one of those around the current one.
    """
    if not isinstance(place, LocalPlace):
        return None
    here, path = Path.cwd(), Path(place.path)
    around = next((folder for folder in here.parents if path.is_relative_to(folder)), None)
    if around is None:
        return None
    nearer = here / path.relative_to(around)
    return nearer.relative_to(around) if nearer.exists() else None
