"""Which kind of source a location is, by what lies there and what it is called."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.idx import find_idx_images, open_idx
from onion_pipeline.images.sources.manifests import open_manifest
from onion_pipeline.images.sources.metadata import apply_metadata
from onion_pipeline.images.sources.places import Place, find_place
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.sources.tables import is_table
from onion_pipeline.images.sources.tars import open_tar
from onion_pipeline.images.sources.unpacking import find_opener, unpack_file
from onion_pipeline.images.sources.zips import open_zip

# Enough to hold the mark of a tar archive.
HEAD_SIZE = 512
IMAGE_SUFFIXES = frozenset(
    {".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
IMAGE_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")
TAR_SUFFIXES = frozenset({".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz"})
KNOWN_KINDS = (
    "a folder with one sub-folder per class; a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz of one; "
    "a .csv, .tsv, .jsonl or .parquet table with the columns path and label; a folder with "
    "metadata.csv; IDX files such as train-images-idx3-ubyte.gz; or one JPEG, PNG, BMP, GIF, "
    "WebP or TIFF file"
)

Opener = Callable[[Place], ImageSource]


def open_source(location: str | Path) -> ImageSource:
    """Return the files at `location`, which are listed now and read when they are asked for.

    Args:
        location: a path, or a URI that fsspec understands, such as ``s3://bucket/photos.zip``,
            of a folder, a zip or tar archive, a table (see
            :mod:`~onion_pipeline.images.sources.manifests`), IDX files or an image file.

    Raises:
        DataError: nothing is there, it is of no known kind, is damaged, or holds no file.
    """
    place = find_place(location)
    try:
        source = _open_place(place)
    except OSError as error:
        raise DataError(
            f"{place.location} cannot be read: {error}. Check that it can be reached, and that "
            "you may read it."
        ) from error
    if not (source.paths or source.refused):
        raise DataError(
            f"No images at {place.location}: it holds no file. Looked for: {KNOWN_KINDS}."
        )
    return source


def _open_place(place: Place) -> ImageSource:
    kind = place.find_kind()
    if kind is None:
        raise DataError(_describe_nothing(place))
    return _open_folder(place) if kind == "folder" else _open_file(place)


def _open_folder(place: Place) -> ImageSource:
    source = place.list_files()
    packed = (refused.path for refused in source.refused if refused.reason == "nested_archive")
    images = find_idx_images([*source.paths, *packed])
    return open_idx(place, images, place.location) if images else apply_metadata(source)


def _open_file(place: Place) -> ImageSource:
    if find_idx_images([place.name]):  # before its content, which may be compressed
        return open_idx(place.parent, [place.name], place.location)
    head = place.read(0, HEAD_SIZE)
    opener = _find_kind_of(head) or _find_kind_named(place.name)
    if opener is None:
        raise DataError(
            f"{place.location} cannot be used: it is called {place.name!r} and begins with "
            f"{head[:8].hex(' ') or 'nothing'}. Looked for: {KNOWN_KINDS}."
        )
    return opener(place)


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


def _open_zip(place: Place) -> ImageSource:
    return apply_metadata(open_zip(place))


def _open_tar(place: Place) -> ImageSource:
    packed = find_opener(place.read(0, HEAD_SIZE)) is not None
    return apply_metadata(open_tar(unpack_file(place) if packed else place))


def _open_image(place: Place) -> ImageSource:
    return place.list_alone()


def _describe_nothing(place: Place) -> str:
    names = place.find_neighbours()
    listing = "" if names is None else ", ".join(names[:10]) or "nothing"
    neighbours = f"{place.parent.location} holds: {listing}. " if listing else ""
    return (
        f"No images at {place.location}: there is no such file or folder. {neighbours}"
        "Give a folder with one sub-folder per class, or a zip of one: "
        "kedro run --params images=path/to/photos"
    )
