"""TIFF files without the tags that are not needed for their pixels.

Pillow reads all tags, of all pages, before it gives a pixel, and refuses a picture whose
resolution or copyright is of an unusual type.
"""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.images.decoding import exif
from onion_pipeline.images.decoding.exif import Parts, TiffEntry, TiffLayout
from onion_pipeline.images.decoding.pieces import join_pieces

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUBFILE, SUB_DIRECTORIES, XMP, PROFILE, DNG_VERSION = 254, 330, 700, 34675, 50706
# What says how pixels are laid out, compressed and coloured (TIFF 6.0, its supplements; LERC).
NEEDED = frozenset(
    {
        *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320),
        *(322, 323, 324, 325, 332, 334, 338, 339, 340, 341, 347, 512, 513, 514, 515),
        *(517, 518, 519, 520, 521, 529, 530, 531, 532, 34908, 34909, 50674),
    }
)
COMPRESSION, ANY_LENGTH = 259, frozenset({None, 1, 6})  # where lengths may be wrong
BYTES = frozenset({1, 2, 6, 7})  # the types that hold a profile or XMP
MAX_PAGES = 100_000  # which nobody has to count to the end


def split_metadata(data: bytes, header_only: bool = False) -> Parts | None:
    """Return a TIFF apart from what it says beside its pixels; ``None`` if it is damaged.

    With `header_only` it is not checked that all pixels are there.

    Raises:
        ValueError: it is cut short, or of a camera and has but a small copy as its first picture.
    """
    found = exif.read_layout(data) if data.startswith(SIGNATURES) else None
    if found is None:
        return None
    layout, first = found
    entries = list(exif.list_entries(data, layout, first))
    if layout.read_number(data, first, layout.count_size) != len(entries):
        return None
    tags = {entry.tag: entry for entry in reversed(entries)}  # of two alike the first counts
    if _is_camera_raw(data, layout, tags):
        raise ValueError("a raw file of a camera")
    if not header_only:
        _check_end(data, layout, tags)
    directory, view = _write_directory(data, layout, entries), memoryview(data)
    return Parts(
        join_pieces([view[:first], memoryview(directory), view[first + len(directory) :]]),
        _find_orientation(data, layout, tags),
        exif.limit_profile(_read_value(data, layout, tags.get(PROFILE))),
        _count_pages(data, layout, first),
    )


def is_camera_raw(data: bytes) -> bool:
    """Tell whether a TIFF is what cameras write: its first picture is but a small copy."""
    found = exif.read_layout(data) if data.startswith(SIGNATURES) else None
    if found is None:
        return False
    tags = {entry.tag: entry for entry in exif.list_entries(data, *found)}
    return _is_camera_raw(data, found[0], tags)


def _is_camera_raw(data: bytes, layout: TiffLayout, tags: dict[int, TiffEntry]) -> bool:
    is_copy = SUBFILE in tags and (exif.read_entry(data, layout, tags[SUBFILE]) or 0) & 1
    return DNG_VERSION in tags or bool(is_copy and SUB_DIRECTORIES in tags)


def _write_directory(data: bytes, layout: TiffLayout, entries: list[TiffEntry]) -> bytes:
    """Return the first directory with the needed tags alone, and without a next one."""
    kept = [
        data[entry.place : entry.place + layout.entry_size]
        for entry in entries
        if entry.tag in NEEDED
    ]
    count = len(kept).to_bytes(layout.count_size, "big" if layout.order == ">" else "little")
    return b"".join([count, *kept, bytes(layout.offset_size)])


def _check_end(data: bytes, layout: TiffLayout, tags: dict[int, TiffEntry]) -> None:
    """Check that all compressed pixels are there: libtiff writes to stderr that they are not."""
    compression = exif.read_entry(data, layout, tags[COMPRESSION]) if COMPRESSION in tags else 1
    if compression in ANY_LENGTH:
        return
    for offsets, lengths in ((273, 279), (324, 325)):
        places, sizes = (_read_numbers(data, layout, tags.get(tag)) for tag in (offsets, lengths))
        if len(places) == len(sizes) and (places + sizes > len(data)).any():
            raise ValueError("cut short: its pixels reach beyond its end")


def _read_numbers(data: bytes, layout: TiffLayout, entry: TiffEntry | None) -> NDArray[np.float64]:
    """Return the numbers of a tag; none if they are not there, or are of another kind."""
    kind = {3: "u2", 4: "u4", 16: "u8"}.get(entry.kind) if entry else None
    if entry is None or kind is None:
        return np.empty(0)
    dtype = np.dtype(layout.order + kind)
    place = layout.locate(data, entry, dtype.itemsize)
    if place + entry.length * dtype.itemsize > len(data):
        return np.empty(0)
    return np.frombuffer(data, dtype, entry.length, place).astype(np.float64)


def _find_orientation(data: bytes, layout: TiffLayout, tags: dict[int, TiffEntry]) -> int:
    if exif.ORIENTATION in tags:
        found = exif.read_entry(data, layout, tags[exif.ORIENTATION]) or exif.UPRIGHT
        return found if exif.UPRIGHT <= found <= 8 else exif.UPRIGHT  # noqa: PLR2004
    return exif.find_orientation(b"", _read_value(data, layout, tags.get(XMP)) or b"")


def _read_value(data: bytes, layout: TiffLayout, entry: TiffEntry | None) -> bytes | None:
    if entry is None or entry.kind not in BYTES:
        return None
    place = layout.locate(data, entry, 1)
    return data[place : place + entry.length]


def _count_pages(data: bytes, layout: TiffLayout, directory: int) -> int:
    seen: set[int] = set()
    while directory and directory not in seen and len(seen) < MAX_PAGES:
        entries = layout.read_number(data, directory, layout.count_size)
        if entries is None:
            break
        seen.add(directory)
        place = directory + layout.count_size + entries * layout.entry_size
        directory = layout.read_number(data, place, layout.offset_size) or 0
    return len(seen)
