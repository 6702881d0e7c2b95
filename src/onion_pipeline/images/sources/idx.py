"""IDX files, in which MNIST and its kin come: all images in one file, all labels in another.

Source: http://yann.lecun.com/exdb/mnist/, "File formats".
"""

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding.bmp import encode_bmp, measure_bmp
from onion_pipeline.images.sources.archives.unpacking import find_opener, unpack_file
from onion_pipeline.images.sources.local import LocalPlace
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.split_names import SPLIT_FOLDERS

IMAGES_NAME = re.compile(r"(?P<prefix>.*)images[-.]idx3-ubyte(\.gz)?")
LABELS_ENDINGS = [f"labels{mark}idx1-ubyte{suffix}" for mark in "-." for suffix in ("", ".gz")]
IMAGES_MAGIC, LABELS_MAGIC = b"\0\0\x08\3", b"\0\0\x08\1"  # bytes, in 3 dimensions and in 1
SPLITS = {**SPLIT_FOLDERS, "t10k": "test"}


class _Images(NamedTuple):
    place: LocalPlace
    shape: tuple[int, int, int]  # count, height, width


@dataclass(frozen=True)
class _IdxReader:
    """Reads images as if each were a BMP file, ``train-images/00000.bmp``."""

    files: Mapping[str, _Images]  # by the name of their folder

    def read(self, path: str) -> bytes:
        folder, _, name = path.rpartition("/")
        place, (_, height, width) = self.files[folder]
        size = height * width
        start = 16 + int(name.removesuffix(".bmp")) * size
        data = place.read(start, start + size)
        if len(data) != size:
            raise OSError(f"{place.location} has changed since it was opened")
        return encode_bmp(np.frombuffer(data, np.uint8).reshape(height, width))

    def measure(self, path: str) -> int:
        _, height, width = self.files[path.rpartition("/")[0]].shape
        return measure_bmp(height, width)

    def select(self, paths: Sequence[str]) -> "_IdxReader":
        return self  # it is small: where an image lies follows from its number


def find_idx_images(names: Iterable[str]) -> list[str]:
    """Return those of `names` that IDX files of images have, one for each set of images."""
    matches = filter(None, map(IMAGES_NAME.fullmatch, sorted(names, reverse=True)))
    # The last one for a prefix counts: of a file and its compressed copy, the file.
    return sorted({match["prefix"]: match.string for match in matches}.values())


def list_label_names(name: str) -> list[str]:
    """Return what the labels of the images in a file called `name` may be called."""
    return [name.rpartition("images")[0] + ending for ending in LABELS_ENDINGS]


def open_idx(
    folder: Place, names: Sequence[str], location: str, *, labelled: bool = True
) -> ImageSource:
    """Return the images in the IDX files `names` of `folder`, labelled by the files beside them.

    Those files are looked at only if the images are to be `labelled`.

    Raises:
        DataError: a file is missing, damaged, or does not fit the other.
    """
    import pandas as pd

    files, tables = {}, []
    for name in names:
        prefix = name.rpartition("images")[0]
        local = _make_local(folder.join(name))
        count, height, width = _read_header(local, IMAGES_MAGIC, 3)
        images = _Images(local, (count, height, width))
        files[f"{prefix}images"] = images
        labels = _read_labels(folder, prefix, images) if labelled else None
        tables.append(_tabulate(prefix, images.shape[0], labels))
    given = pd.concat(tables).sort_values("path", ignore_index=True)
    return ImageSource(location, _IdxReader(files), tuple(given["path"]), given=given)


def _read_labels(folder: Place, prefix: str, images: _Images) -> NDArray[np.uint8]:
    places = [folder.join(name) for name in list_label_names(f"{prefix}images")]
    place = next((place for place in places if place.find_kind() == "file"), None)
    if place is None:
        names = ", ".join(place.name for place in places)
        raise DataError(
            f"{images.place.location} has no labels beside it. Looked for: {names}. "
            "Put the file that belongs to these images there."
        )
    local = _make_local(place)
    (count,) = _read_header(local, LABELS_MAGIC, 1)
    if count != images.shape[0]:
        raise DataError(
            f"{place.location} has {count} labels for the {images.shape[0]} images of "
            f"{images.place.location}. Fetch both files again, from one place."
        )
    return np.frombuffer(local.read(8), np.uint8)


def _make_local(place: Place) -> LocalPlace:
    """Return a file of which any part is at hand: elsewhere, each image would be a request."""
    if isinstance(place, LocalPlace) and find_opener(place.read(0, 8)) is None:
        return place
    return unpack_file(place)


def _read_header(place: LocalPlace, magic: bytes, dimensions: int) -> tuple[int, ...]:
    """Return the dimensions that the file says it has, once they agree with its size."""
    length = 4 + 4 * dimensions
    header = place.read(0, length)
    if len(header) < length or header[:4] != magic:
        raise DataError(
            f"{place.location} is not an IDX file of {dimensions} dimensions: it begins with "
            f"{header.hex(' ') or 'nothing'}, not with {magic.hex(' ')} and {dimensions} numbers. "
            "Fetch it again."
        )
    shape = struct.unpack_from(f">{dimensions}I", header, 4)
    expected, found = length + int(np.prod(shape, dtype=object)), place.measure()
    if found != expected or 0 in shape:
        raise DataError(
            f"{place.location} has {found} bytes instead of {expected}, for its dimensions "
            f"{' x '.join(map(str, shape))}. Fetch it again."
        )
    return shape


def _tabulate(prefix: str, count: int, labels: NDArray[np.uint8] | None) -> DataFrame:
    import pandas as pd

    digits = max(5, len(str(count - 1)))
    paths = [f"{prefix}images/{number:0{digits}}.bmp" for number in range(count)]
    last_word = re.split("[-_./]", prefix.rstrip("-_."))[-1].lower()
    given = None if labels is None else labels.astype(str)
    columns = {"path": paths, "label": given, "split": SPLITS.get(last_word), "group": None}
    return pd.DataFrame(columns).astype("str")
