"""Image files put together byte by byte, as no library writes them."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
ORIENTATION, TURNED = 0x0112, (0x0112, 3, 1, struct.pack("<H", 6))
Tag = tuple[int, int, int, bytes]  # its code, type, count and content


def encode(file_format: str, **options: object) -> bytes:
    """Return the noise of :data:`PIXELS` as a file, without loss but for JPEG."""
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, file_format, lossless=True, **options)
    return file.getvalue()


def add_tags(file_format: str, tags: Sequence[Tag]) -> bytes:
    """Return a file whose Exif, or TIFF directory, has these tags as they are."""
    if file_format == "TIFF":
        return extend_tiff(encode("TIFF"), tags)
    exif = b"II*\0\x08\0\0\0" + make_directory(tags, 8)
    if file_format == "PNG":
        return add_chunk(encode("PNG"), b"eXIf", exif)
    return encode(file_format, exif=b"Exif\0\0" + exif)


def make_directory(tags: Sequence[Tag], place: int) -> bytes:
    """Return a directory of a little-endian TIFF that stands at `place`."""
    end, entries, contents = place + 2 + 12 * len(tags) + 4, b"", b""
    for tag, kind, count, content in sorted(tags):
        value = content.ljust(4, b"\0")
        if len(content) > 4:
            value, contents = struct.pack("<L", end + len(contents)), contents + content
        entries += struct.pack("<HHL", tag, kind, count) + value
    return struct.pack("<H", len(tags)) + entries + bytes(4) + contents


def extend_tiff(data: bytes, tags: Sequence[Tag]) -> bytes:
    """Return a TIFF with further tags, in a new directory at its end."""
    (first,) = struct.unpack_from("<L", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    old = [struct.unpack_from("<HHL4s", data, first + 2 + 12 * row) for row in range(count)]
    new = {tag for tag, *_ in tags}
    kept = [entry for entry in old if entry[0] not in new]
    directory = make_directory([*kept, *tags], len(data))
    return data[:4] + struct.pack("<L", len(data)) + data[8:] + directory


def add_chunk(data: bytes, name: bytes, content: bytes, last: bool = False) -> bytes:
    """Return a PNG with one more chunk, behind its header or at its end."""
    checksum = struct.pack(">I", zlib.crc32(name + content))
    chunk = struct.pack(">I", len(content)) + name + content + checksum
    place = data.index(b"IEND") - 4 if last else 33
    return data[:place] + chunk + data[place:]


def add_segment(data: bytes, marker: int, content: bytes) -> bytes:
    """Return a JPEG with one more segment, behind its first."""
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content
    end = 4 + struct.unpack_from(">H", data, 4)[0]
    return data[:end] + segment + data[end:]
