"""Tar archives: listed once, then read by position, on any file system and in any process."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.archives.unpacking import find_opener, unpack_file
from onion_pipeline.images.sources.failures import fail_as_os_error
from onion_pipeline.images.sources.listing import Listing
from onion_pipeline.images.sources.names import make_printable
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.source import ImageSource, MemberReader

# Where the bytes of a member begin, and how many there are.
Range = tuple[int, int]
# A name or an attribute is shorter; tarfile needs quadratic time for what looks like a number.
MAX_EXTENDED_HEADER = 64 << 10
EXTENDED = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}) | {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
# What :mod:`tarfile` raises on damaged archives; RecursionError: headers that promise headers.
DAMAGES = (tarfile.TarError, EOFError, OSError, OverflowError, RecursionError, ValueError)


def open_tar(place: Place) -> ImageSource:
    """Return the files in the tar archive at `place`; of a compressed one, a copy is unpacked.

    Raises:
        DataError: it is damaged.
    """
    if find_opener(place.read(0, 8)):
        place = unpack_file(place)
    listing: Listing[Range] = Listing()
    try:
        with fail_as_os_error(), place.open() as file:
            for header in _read_headers(file):
                _list_member(listing, header)
    except DAMAGES as error:
        raise DataError(
            f"{place.location} is not a readable tar archive: {error}. It may be damaged or cut "
            "short: fetch or pack it again."
        ) from error
    return listing.make_source(place.location, lambda ranges: _TarReader(ranges, place))


@dataclass(frozen=True)
class _TarReader(MemberReader[Range]):
    """Reads the members of the tar archive at `place`, of which it knows where each lies."""

    place: Place

    def read(self, path: str) -> bytes:
        start, size = self.members[path]
        data = self.place.read(start, start + size)
        if len(data) != size:  # also from a web server that knows no ranges
            raise OSError(f"{len(data)} bytes came instead of {size}")
        return data

    def measure(self, path: str) -> int:
        return self.members[path][1]


class _Header(tarfile.TarInfo):
    """What is needed of a header; the other fields take most of the time of a listing."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        # In its own sum, the field of the checksum counts as eight spaces.
        checksum = sum(buf) - sum(buf[148:156]) + 8 * ord(" ")
        if buf[156:157] == tarfile.REGTYPE and _find_number(buf, 148, 156) == checksum:
            size = _find_number(buf, 124, 136)
            if size is not None:
                parts = [bytes(part).partition(b"\0")[0] for part in (buf[345:500], buf[:100])]
                header = cls(b"/".join(filter(None, parts)).decode(encoding, errors))
                header.size = size
                return header
        header = super().frombuf(buf, encoding, errors)
        if header.type in EXTENDED and header.size > MAX_EXTENDED_HEADER:
            raise tarfile.ReadError(f"an extended header of {header.size} bytes")
        return header


def _find_number(header: bytes | bytearray, start: int, stop: int) -> int | None:
    digits = header[start:stop].strip(b" \0")
    return int(digits, 8) if digits.isdigit() and max(digits) < ord("8") else None


def _read_headers(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """Yield the header of each member; tarfile takes a damaged one for the end of the archive."""
    archive = tarfile.TarFile(fileobj=file, tarinfo=_Header)
    end = 0
    while header := archive.next():
        if archive.offset <= end:  # sizes below zero lead backwards, for ever
            raise tarfile.ReadError(f"the header at byte {header.offset} leads backwards")
        end = archive.offset
        archive.members.clear()  # type: ignore[attr-defined]  # it would keep every header
        yield header
    file.seek(archive.offset)
    if any(file.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError(f"the header at byte {archive.offset} is damaged")


def _list_member(listing: Listing[Range], member: tarfile.TarInfo) -> None:
    path = None if member.isdir() else listing.admit_name(member.name)
    if path is None:
        return
    if member.issym():
        listing.refuse_link(path, f"a link to {make_printable(member.linkname)}")
    elif member.islnk():
        listing.refuse(path, "link", f"a link to {make_printable(member.linkname)}")
    elif not member.isfile():
        listing.refuse(path, "not_a_file", "a pipe or a device")
    elif member.issparse():
        listing.refuse(path, "not_a_file", "a sparse file, whose bytes lie in several places")
    else:
        listing.add(path, (member.offset_data, member.size))
