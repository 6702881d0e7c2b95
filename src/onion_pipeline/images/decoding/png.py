"""PNG files without what is not needed for their pixels: texts, profiles, Exif, times.

Pillow refuses a file whose texts or profile inflate to over 1 MiB
(https://github.com/python-pillow/Pillow/issues/8363), and reads what follows the pixels before
it gives them.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from onion_pipeline.images.decoding import exif
from onion_pipeline.images.decoding.exif import Parts
from onion_pipeline.images.decoding.pieces import join_pieces

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The chunks beside the critical ones that pixels depend on: transparency and animation.
NEEDED = frozenset({b"tRNS", b"acTL", b"fcTL", b"fdAT"})
KEPT_TEXTS = frozenset({b"exif", b"Raw profile type exif", b"XML:com.adobe.xmp"})
MAX_TEXT = 1 << 20  # an orientation stands near the beginning
PIXELS = frozenset({b"IDAT", b"fdAT"})
END = memoryview(b"\0\0\0\0IEND\xaeB`\x82")
NAME = re.compile(rb"[A-Za-z0-9_]{4}")
LENGTH = struct.Struct(">I")
MAX_KEYWORD = 80
LOWER = 0x20  # the bit that makes a chunk ancillary


def split_metadata(data: bytes, header_only: bool = False) -> Parts:
    """Return a PNG apart from what it says beside its pixels.

    With `header_only` these are left out but for where they begin, and their checksums not checked.

    Raises:
        ValueError: it is cut short, or a checksum is wrong.
    """
    view = memoryview(data)
    pieces, texts, follows_pixels = [view[: len(SIGNATURE)]], dict[bytes, bytes](), False
    for name, start, end in _list_chunks(view, header_only):
        if name[0] & LOWER and name not in NEEDED:
            _note_text(name, view[start + 8 : max(start + 8, end - 4)], texts)
        elif not header_only:
            pieces.append(view[start:end])
        elif not follows_pixels:
            follows_pixels = name in PIXELS
            pieces.append(view[start : start + 8 if follows_pixels else end])
    pieces.append(END)
    return Parts(
        join_pieces(pieces), _find_orientation(texts), exif.limit_profile(texts.get(b"iCCP"))
    )


def _list_chunks(data: memoryview, header_only: bool) -> Iterator[tuple[bytes, int, int]]:
    """Yield the chunks before the last, whose checksums are right: the name, start and end.

    A chunk starts with its length, which is followed by its name, content and checksum.
    """
    start, unchecked = len(SIGNATURE), False
    while True:
        name = bytes(data[start + 4 : start + 8])
        if name == b"IEND" or (unchecked and not NAME.fullmatch(name)):
            return
        if not NAME.fullmatch(name):
            raise ValueError(f"cut short or damaged at byte {start}: no block is called {name!r}")
        end = start + 12 + LENGTH.unpack_from(data, start)[0]
        unchecked = unchecked or (header_only and name in PIXELS)
        if not unchecked:
            _check(data, name, start, end)
        yield name, start, end
        start = end


def _check(data: memoryview, name: bytes, start: int, end: int) -> None:
    if end > len(data):
        raise ValueError(f"cut short in its block {name.decode()}")
    if zlib.crc32(data[start + 4 : end - 4]) != LENGTH.unpack_from(data, end - 4)[0]:
        raise ValueError(f"the checksum of its block {name.decode()} at byte {start} is wrong")


def _note_text(name: bytes, content: memoryview, texts: dict[bytes, bytes]) -> None:
    if name == b"eXIf":
        texts[b"eXIf"] = bytes(content)
    elif name in {b"iCCP", b"tEXt", b"zTXt", b"iTXt"}:
        keyword, ends, _ = bytes(content[:MAX_KEYWORD]).partition(b"\0")
        rest = content[len(keyword) + 1 :]
        if name == b"iCCP" and ends:
            texts[b"iCCP"] = _inflate(rest[1:], exif.MAX_PROFILE)
        elif ends and keyword in KEPT_TEXTS:
            texts[keyword] = _read_text(name, rest)


def _read_text(name: bytes, rest: memoryview) -> bytes:
    if name == b"zTXt":
        return _inflate(rest[1:], MAX_TEXT)
    if name == b"tEXt":
        return bytes(rest)
    is_compressed, *_ = bytes(rest[:1]) or b"\0"
    _, _, text = bytes(rest[2:]).partition(b"\0")  # the language
    _, _, text = text.partition(b"\0")  # the keyword in it
    return _inflate(text, MAX_TEXT) if is_compressed else text


def _inflate(data: bytes | memoryview, most: int) -> bytes:
    """Return what `data` inflates to; nothing if that is damaged or too much."""
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, most)
    except zlib.error:
        return b""
    return b"" if inflater.unconsumed_tail else inflated


def _find_orientation(texts: dict[bytes, bytes]) -> int:
    if not texts:
        return exif.UPRIGHT
    found = texts.get(b"eXIf") or texts.get(b"exif")
    found = found or _read_raw_profile(texts.get(b"Raw profile type exif", b""))
    return exif.find_orientation(found, texts.get(b"XML:com.adobe.xmp", b""))


def _read_raw_profile(text: bytes) -> bytes:
    """Return the Exif that ImageMagick writes in hexadecimal digits, below three lines."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""
