"""Zip archives, read in place: members of any order, by any number of processes."""

import lzma
import stat
import weakref
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources.archives.unpacking import MAX_RATIO
from onion_pipeline.images.sources.archives.zip_names import read_names
from onion_pipeline.images.sources.failures import fail_as_os_error
from onion_pipeline.images.sources.listing import Listing
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.source import ImageSource, MemberReader

# Below this, any ratio is harmless: a white picture compresses well.
HARMLESS_BYTES = 1 << 20
ENCRYPTED = 0x41  # flag bits: by ZipCrypto or AES, and "strongly"
# What :mod:`zipfile` raises on damaged archives, apart from OSError.
DAMAGES = (
    BadZipFile,
    EOFError,
    IndexError,
    RuntimeError,  # and NotImplementedError: an unknown compression
    ValueError,  # and UnicodeDecodeError: a name that is not the UTF-8 it says it is
    lzma.LZMAError,
    zlib.error,
)


def open_zip(place: Place) -> ImageSource:
    """Return the files in the zip archive at `place`.

    Raises:
        DataError: it is damaged, or its members overlap.
    """
    version = place.find_version()
    try:
        members = _open_archive(place, version).infolist()
    except (*DAMAGES, OSError) as error:
        raise DataError(
            f"{place.location} is not a readable zip archive: {error}. It may be damaged or cut "
            "short: fetch or pack it again."
        ) from error
    _check_overlap(place, members)
    listing: Listing[int] = Listing()
    names, warning = read_names(members, place.location)
    for number, (name, member) in enumerate(zip(names, members, strict=True)):
        path = None if name.endswith("/") else listing.admit_name(name)
        if path is None:
            continue
        fault = _find_fault(member)
        if not fault:
            listing.add(path, number)
        elif fault[0] == "link":
            listing.refuse_link(path, fault[1])
        else:
            listing.refuse(path, *fault)
    return listing.make_source(
        place.location, lambda numbers: _ZipReader(numbers, place, version), warning=warning
    )


@dataclass(frozen=True)
class _ZipReader(MemberReader[int]):
    """Reads the members of a zip archive by their numbers: two may have the same name."""

    place: Place
    version: Hashable  # of the archive whose members these are

    def read(self, path: str) -> bytes:
        try:
            with fail_as_os_error():
                archive = _open_archive(self.place, self.version)
                return _read_member(archive, archive.infolist()[self.members[path]])
        except (*DAMAGES, OSError) as error:
            raise OSError(f"not to be read from its archive: {error}") from error

    def measure(self, path: str) -> int:
        archive = _open_archive(self.place, self.version)
        return archive.infolist()[self.members[path]].file_size


@lru_cache(maxsize=4)
def _open_archive(place: Place, version: Hashable) -> ZipFile:
    """Open an archive once in each process; listing 60,000 members takes half a second."""
    if place.find_version() != version:
        raise OSError(f"{place.location} has changed since its files were listed")
    file = place.open()
    try:
        with fail_as_os_error():
            archive = ZipFile(file)
    except BaseException:
        file.close()
        raise
    weakref.finalize(archive, file.close)  # it closes only what it has opened itself
    return archive


def _read_member(archive: ZipFile, member: ZipInfo) -> bytes:
    """Return what `member` holds, unpacking no more than it says it does.

    ``read()`` without a number unpacks everything before it looks at the size. The rarer methods
    always do so with what they are fed, which is why they are fed little.
    """
    bounded = member.compress_type in {ZIP_STORED, ZIP_DEFLATED}
    with archive.open(member) as file:
        if bounded:
            return file.read(member.file_size)
        return b"".join(iter(lambda: file.read(4096), b""))


def _check_overlap(place: Place, members: Sequence[ZipInfo]) -> None:
    """Refuse members that share their bytes: a small archive can so unpack to terabytes."""
    packed = sum(member.compress_size for member in members)
    size = place.measure()
    if packed > size:
        raise DataError(
            f"{place.location} is not a readable zip archive: its members claim {packed} bytes "
            f"of its {size}, so they overlap. Pack it again from files that you trust."
        )


def _find_fault(member: ZipInfo) -> tuple[str, str] | None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "link", "a link in an archive"
    if kind not in {0, stat.S_IFREG}:
        return "not_a_file", "a pipe, a socket or a device"
    if member.flag_bits & ENCRYPTED:
        return "encrypted", "encrypted in its archive: pack it without a password"
    if member.file_size > max(HARMLESS_BYTES, MAX_RATIO * member.compress_size):
        return (
            "compressed_too_much",
            f"{member.file_size} bytes in {member.compress_size}, over {MAX_RATIO} times as many",
        )
    return None
