"""Which kind of source a location is, by what lies there and what it is called."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.archives.tars import open_tar
from onion_pipeline.images.sources.archives.unpacking import find_opener, unpack_file
from onion_pipeline.images.sources.archives.zips import open_zip
from onion_pipeline.images.sources.idx import find_idx_images, open_idx
from onion_pipeline.images.sources.local import FolderReader, LocalPlace
from onion_pipeline.images.sources.manifests import open_manifest
from onion_pipeline.images.sources.metadata import apply_metadata
from onion_pipeline.images.sources.names import make_printable
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.sources.tables import is_table

# Enough to hold the mark of a tar archive.
HEAD_SIZE = 512
IMAGE_SUFFIXES = frozenset(
    {".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
IMAGE_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")
TAR_SUFFIXES = frozenset({".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz"})
LABELLED_KINDS = (
    "a folder with one sub-folder per class; a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz of one; "
    "a .csv, .tsv, .jsonl or .parquet table with the columns path and label; a folder with "
    "metadata.csv; IDX files such as train-images-idx3-ubyte.gz; or one JPEG, PNG, BMP, GIF, "
    "WebP or TIFF file"
)
KINDS = (  # to predict
    "a folder of pictures, in sub-folders or not; a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz of "
    "one; a .csv, .tsv, .jsonl or .parquet table with the column path; IDX files such as "
    "t10k-images-idx3-ubyte.gz; or one JPEG, PNG, BMP, GIF, WebP or TIFF file"
)

Opener = Callable[..., ImageSource]


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
            f"No images at {place.location}: it holds no file. {_list_kinds(labelled=labelled)}"
        )
    if not (isinstance(place, LocalPlace) and isinstance(source.reader, FolderReader)):
        return source  # nothing links out of an archive
    followed = replace(place, follow=True)
    return replace(source, reopen=partial(_open_place, followed, labelled=labelled))


def _open_kind(place: Place, *, labelled: bool) -> ImageSource:
    kind = place.find_kind()
    if kind is None:
        raise DataError(_describe_nothing(place, labelled=labelled))
    open_it = _open_folder if kind == "folder" else _open_file
    return open_it(place, labelled=labelled)


def _open_folder(place: Place, *, labelled: bool) -> ImageSource:
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
    opener = _find_kind_of(head) or _find_kind_named(place.name)
    if opener is None:
        raise DataError(
            f"{place.location} cannot be used: it is called {place.name!r} and begins with "
            f"{head[:8].hex(' ') or 'nothing'}. {_list_kinds(labelled=labelled)}"
        )
    return opener(place, labelled=labelled)


def _find_kind_of(head: bytes) -> Opener | None:
    """Return what opens a file with this `head`, where that is certain."""
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _open_zip
    if head[257:262] == b"ustar" or find_opener(head):
        return _open_tar
    if head.startswith(IMAGE_MAGICS) or head[8:12] == b"WEBP":
        return _open_image
    return None


def _find_kind_named(name: str) -> Opener | None:
    """Return what opens a file of this `name`."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".zip":
        return _open_zip
    if suffix in TAR_SUFFIXES:
        return _open_tar
    if is_table(name):
        return open_manifest
    return _open_image if suffix in IMAGE_SUFFIXES else None


def _open_zip(place: Place, *, labelled: bool) -> ImageSource:
    return apply_metadata(open_zip(place), labelled=labelled)


def _open_tar(place: Place, *, labelled: bool) -> ImageSource:
    packed = find_opener(place.read(0, HEAD_SIZE)) is not None
    source = open_tar(unpack_file(place) if packed else place)
    return apply_metadata(source, labelled=labelled)


def _open_image(place: Place, *, labelled: bool) -> ImageSource:
    return place.list_alone()


def _list_kinds(*, labelled: bool) -> str:
    return f"Looked for: {LABELLED_KINDS if labelled else KINDS}."


def _describe_nothing(place: Place, *, labelled: bool) -> str:
    names = place.find_neighbours()
    listing = "" if names is None else ", ".join(names[:10]) or "nothing"
    neighbours = f"{place.parent.location} holds: {listing}. " if listing else ""
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
