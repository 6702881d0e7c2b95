"""The index of a source: one row per file, with what it is or why it is refused."""

import hashlib
import lzma
import zlib
from dataclasses import replace
from typing import Any, Literal, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding import (
    MAX_BYTES,
    RejectedImageError,
    decode_image,
    read_header,
)
from onion_pipeline.images.labels import label_paths
from onion_pipeline.images.parallel import map_chunks
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.parameters import ColorMode, Resize

# Files a job: large enough to be worth sending, small enough that its pixels fit in memory.
CHUNK = 1024
# The longest side that `auto` chooses: a plain network gains little above it and takes long.
LARGEST_AUTO_SIDE = 128
COLUMNS = {
    "path": "str",
    "label": "str",
    "split": "str",
    "bytes": "Int64",
    "sha256": "str",
    "format": "str",
    "height": "Int64",
    "width": "Int64",
    "grayscale": "boolean",
    "reason": "str",
    "detail": "str",
}


class Decoded(NamedTuple):
    """The pixels of the files that could be decoded, and a row for each that could not.

    Args:
        images: uint8, (N, H, W, C), in the order of the index.
        rejected: columns ``path``, ``reason``, ``detail``.
    """

    images: NDArray[np.uint8]
    rejected: DataFrame


def index_images(source: ImageSource) -> DataFrame:
    """Return one row per file of `source`, read once for its header and checksum.

    Returns:
        Columns ``path``, ``label``, ``split`` (given by folders), ``bytes``, ``sha256``,
        ``format``, ``height``, ``width``, ``grayscale``; and ``reason``, ``detail`` where the
        file is refused (see :mod:`onion_pipeline.images.decoding`). Sorted by path.
    """
    import pandas as pd

    rows = [row for rows in map_chunks(_index_chunk, _cut(source)) for row in rows]
    for row, labelled in zip(rows, label_paths(source.paths), strict=True):
        row.update(labelled._asdict())
        if labelled.label is None:
            row.setdefault("reason", "no_label")
            row.setdefault("detail", "the file lies in no class folder")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def list_rejected(index: DataFrame) -> DataFrame:
    """Return ``path``, ``reason`` and ``detail`` of the files that `index` refuses."""
    return index.loc[index["reason"].notna(), ["path", "reason", "detail"]]


def choose_image_shape(
    index: DataFrame, image_size: tuple[int, int] | Literal["auto"], color_mode: ColorMode
) -> tuple[int, int, int]:
    """Return height, width and channels for the images of `index`.

    ``auto`` takes the median height and width of the readable files, shrunk in proportion
    where a side exceeds 128 pixels, and RGB unless every file is stored in grayscale.

    Raises:
        DataError: no file is readable; lists the most frequent reasons.
    """
    readable = index[index["reason"].isna()]
    if readable.empty:
        raise DataError(describe_all_rejected(list_rejected(index)))
    grayscale = color_mode == "grayscale" or (
        color_mode == "auto" and bool(readable["grayscale"].all())
    )
    size = _median_size(readable) if image_size == "auto" else image_size
    return (*size, 1 if grayscale else 3)


def decode_images(
    source: ImageSource,
    index: DataFrame,
    shape: tuple[int, int, int],
    resize: Resize = "stretch",
) -> Decoded:
    """Decode the files that `index` does not refuse.

    Args:
        source: where the files are.
        index: from :func:`index_images`.
        shape: height, width and channels of every decoded image.
        resize: see :func:`~onion_pipeline.images.decoding.decode_image`.

    Raises:
        DataError: not one file could be decoded; lists the most frequent reasons.
    """
    import pandas as pd

    readable = replace(source, paths=tuple(index.loc[index["reason"].isna(), "path"]))
    images = np.empty((len(readable.paths), *shape), np.uint8)
    rejected: list[dict[str, str]] = []
    count = 0
    jobs = [(chunk, shape, resize) for chunk in _cut(readable)]
    for decoded, refused in map_chunks(_decode_chunk, jobs):
        images[count : count + len(decoded)] = decoded
        count += len(decoded)
        rejected += refused
    table = pd.DataFrame(rejected, columns=["path", "reason", "detail"], dtype="str")
    if not count:
        raise DataError(describe_all_rejected(pd.concat([list_rejected(index), table])))
    return Decoded(images[:count], table)


def describe_rejected(rejected: DataFrame) -> str:
    """Return how many files are refused for which reason, and one example."""
    counts = rejected["reason"].value_counts()
    reasons = ", ".join(f"{reason} ({count})" for reason, count in counts.items())
    first = rejected.iloc[0]
    return f"{reasons}; the first is {first['path']}: {first['detail']}"


def describe_all_rejected(rejected: DataFrame) -> str:
    """Return a message for a source of which no file is usable."""
    return (
        f"None of the {len(rejected)} files is a usable image: {describe_rejected(rejected)}. "
        "Expected JPEG, PNG, BMP, GIF, WebP or TIFF files in one folder per class."
    )


def _cut(source: ImageSource) -> list[ImageSource]:
    starts = range(0, len(source.paths), CHUNK)
    return [replace(source, paths=source.paths[start : start + CHUNK]) for start in starts]


def _index_chunk(source: ImageSource) -> list[dict[str, Any]]:
    return [_index_file(source, path) for path in source.paths]


def _index_file(source: ImageSource, path: str) -> dict[str, Any]:
    try:
        data = read_file(source, path)
        known = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    except RejectedImageError as error:
        return {"path": path, "reason": error.reason, "detail": error.detail}
    try:
        return {"path": path, **known, **read_header(data)._asdict()}
    except RejectedImageError as error:
        return {"path": path, **known, "reason": error.reason, "detail": error.detail}


def read_file(source: ImageSource, path: str) -> bytes:
    """Return the bytes of one file.

    Raises:
        RejectedImageError: it cannot be read, or is larger than 64 MiB.
    """
    try:
        size = source.measure(path)
        if size > MAX_BYTES:  # not read: a zip member may inflate to any size
            raise RejectedImageError("too_many_bytes", f"{size} bytes, {MAX_BYTES} allowed")
        return source.read(path)
    except (OSError, EOFError, BadZipFile, RuntimeError, zlib.error, lzma.LZMAError) as error:
        # RuntimeError: an encrypted zip member; NotImplementedError: an unknown compression.
        raise RejectedImageError("unreadable", f"{type(error).__name__}: {error}") from error


def _decode_chunk(
    job: tuple[ImageSource, tuple[int, int, int], Resize],
) -> tuple[NDArray[np.uint8], list[dict[str, str]]]:
    source, shape, resize = job
    images = np.empty((len(source.paths), *shape), np.uint8)
    rejected = []
    count = 0
    for path in source.paths:
        try:
            images[count] = decode_image(read_file(source, path), shape, resize)
            count += 1
        except RejectedImageError as error:
            rejected.append({"path": path, "reason": error.reason, "detail": error.detail})
    return images[:count], rejected


def _median_size(readable: DataFrame) -> tuple[int, int]:
    height, width = (float(readable[side].median()) for side in ("height", "width"))
    scale = min(1.0, LARGEST_AUTO_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
