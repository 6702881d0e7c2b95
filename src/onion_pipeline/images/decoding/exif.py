"""What a file says of its pixels beside them: how they are turned, and in which colours.

Nothing else that stands beside pixels is handed to a decoder: Pillow refuses sound pixels for
the sake of a text that is too long or a resolution of an unusual type, and inflates what is
compressed.
"""

import re
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

ORIENTATION = 0x0112  # the Exif tag; 5 to 8 turn the picture by a quarter
UPRIGHT, LAST_ORIENTATION = 1, 8
# Those of printers have 3 MiB; the transforms made of profiles are kept.
MAX_PROFILE = 4 << 20
EXIF_MARK = re.compile(rb"^(Exif\0\0){1,2}")
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
CLASSIC, BIG = 42, 43  # versions of TIFF
# The whole numbers among the types of TIFF, of which BYTE is none for readers of Exif.
NUMBERS = {3: "H", 4: "L", 6: "b", 8: "h", 9: "l"}


class ImageHeader(NamedTuple):
    """What the first bytes of an image tell; sides are in pixels, as the picture is shown."""

    format: str
    height: int
    width: int
    grayscale: bool
    deep: bool = False  # 16 bits for each value


class Parts(NamedTuple):
    """A file taken apart.

    Args:
        file: what its format needs for the pixels of the first picture, and nothing else.
        orientation: 1 to 8, as in Exif.
        profile: the ICC profile, where there is one of at most 4 MiB.
        frames: how many pictures follow one another, as far as the format tells it by itself.
    """

    file: IO[bytes]
    orientation: int = UPRIGHT
    profile: bytes | None = None
    frames: int = 1


class TiffEntry(NamedTuple):
    """A tag of a TIFF or of Exif: its code, type, how many values it has, and its place."""

    tag: int
    kind: int
    length: int
    place: int


class TiffLayout(NamedTuple):
    """How the directories of a TIFF are written.

    Args:
        order: of bytes.
        count_size: bytes that tell how many entries there are.
        entry_size: bytes of an entry.
        offset_size: bytes of the address of a directory, and of a value that stands in its entry.
    """

    order: str
    count_size: int = 2
    entry_size: int = 12
    offset_size: int = 4

    def read_number(self, data: bytes | memoryview, place: int, size: int) -> int | None:
        """Return the number of `size` bytes at `place`; ``None`` if the data ends before."""
        if place + size > len(data):
            return None
        return int.from_bytes(data[place : place + size], "big" if self.order == ">" else "little")

    def locate(self, data: bytes, entry: TiffEntry, size: int) -> int:
        """Return where the values of an entry begin, which are of `size` bytes each."""
        place = entry.place + self.entry_size - self.offset_size
        if entry.length * size <= self.offset_size:
            return place
        return self.read_number(data, place, self.offset_size) or 0


def find_orientation(exif: bytes, xmp: bytes) -> int:
    """Return how a picture is turned: what Exif says or, where it says nothing, XMP.

    Only the whole numbers 1 to 8 count. Either may be damaged or empty; Exif may have its mark.
    """
    if not exif and not xmp:  # as with most pictures, of which there are many
        return UPRIGHT
    found = _read_exif(EXIF_MARK.sub(b"", exif, count=1))
    if found is None:
        match = XMP_ORIENTATION.search(xmp)
        found = int(match[1]) if match else UPRIGHT
    return found if UPRIGHT <= found <= LAST_ORIENTATION else UPRIGHT


def limit_profile(profile: bytes | None) -> bytes | None:
    """Return `profile` if it is one that can be used within the limits of memory."""
    return profile if profile and len(profile) <= MAX_PROFILE else None


def read_layout(data: bytes) -> tuple[TiffLayout, int] | None:
    """Return how a TIFF is written and where its first directory is; ``None``: it is none."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None:
        return None
    version = sum(data[2:4])  # one of its two bytes is 0
    if version not in {CLASSIC, BIG}:
        return None
    layout = TiffLayout(order, 8, 20, 8) if version == BIG else TiffLayout(order)
    first = layout.read_number(data, layout.offset_size, layout.offset_size)
    return None if first is None else (layout, first)


def list_entries(data: bytes, layout: TiffLayout, directory: int) -> Iterator[TiffEntry]:
    """Yield the tags of a directory, as far as there are bytes for them."""
    count = layout.read_number(data, directory, layout.count_size) or 0
    start, size = directory + layout.count_size, layout.entry_size
    count = max(0, min(count, (len(data) - start) // size))
    shape = f"{layout.order}HH{'L4x' if layout.offset_size == 4 else 'Q8x'}"  # noqa: PLR2004
    listed = struct.iter_unpack(shape, memoryview(data)[start : start + count * size])
    for number, (tag, kind, length) in enumerate(listed):
        yield TiffEntry(tag, kind, length, start + number * size)


def read_entry(data: bytes, layout: TiffLayout, entry: TiffEntry) -> int | None:
    """Return the whole number that stands in an entry; ``None`` if it is anything else."""
    shape = NUMBERS.get(entry.kind)
    if shape is None or entry.length != 1:
        return None
    (number,) = struct.unpack_from(layout.order + shape, data, layout.locate(data, entry, 1))
    return int(number)


def _read_exif(data: bytes) -> int | None:
    """Return the orientation, 0 if it is no number; ``None`` if there is none."""
    found = read_layout(data)
    if found is None:
        return None
    layout, first = found
    for entry in list_entries(data, layout, first):
        if entry.tag == ORIENTATION:
            return read_entry(data, layout, entry) or 0
    return None
