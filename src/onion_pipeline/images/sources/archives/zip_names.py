"""What the files in a zip archive are called, also where it does not say in which code page.

Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.4.4 (the flag of UTF-8),
4.6.9 (the field of Info-ZIP, which WinRAR and WinZip write too) and appendix D (code page 437).
"""

import struct
import zlib
from collections.abc import Sequence
from zipfile import ZipInfo

from onion_pipeline.images.sources.code_pages import decode_name, describe_guess

UTF_8 = 0x800  # a flag bit
WINDOWS = 0  # the number of a system
UNICODE_PATH = b"up"  # the number of a field, 0x7075


def read_names(members: Sequence[ZipInfo], location: str) -> tuple[list[str], str | None]:
    """Return the name of each of `members`, and a warning if some are a guess.

    A name is taken from the field for Unicode paths, if that belongs to it; or from the header, if
    it says that it is UTF-8, or is ASCII. The others are UTF-8 if all of them are, as macOS
    writes them without saying so, and else in code page 437, as the format has it. All or none:
    one 猫 in GBK is by chance an è in UTF-8.
    """
    # The names as they stand: `filename` ends at a NUL byte.
    names = [_find_unicode_path(member) or _read_header(member) for member in members]
    doubtful = [number for number, member in enumerate(members) if _is_doubtful(member)]
    raw = [members[number].orig_filename.encode("cp437") for number in doubtful]
    if not all(decode_name(name, "utf-8") for name in raw):
        return names, describe_guess(raw, location)
    for number, name in zip(doubtful, raw, strict=True):
        names[number] = name.decode()
    return names, None


def _read_header(member: ZipInfo) -> str:
    r"""Return the name in the header, with slashes where an old .NET has written ``cats\1.jpg``.

    Not of a doubtful one: in Shift JIS a backslash is the second half of a letter.
    """
    name = member.orig_filename
    is_divided = member.create_system == WINDOWS and "/" not in name and not _is_doubtful(member)
    return name.replace("\\", "/") if is_divided else name


def _is_doubtful(member: ZipInfo) -> bool:
    is_told = member.flag_bits & UTF_8 or member.orig_filename.isascii()
    return not is_told and _find_unicode_path(member) is None


def _find_unicode_path(member: ZipInfo) -> str | None:
    """Return the name in the field for it, unless the header was renamed since it was written."""
    if UNICODE_PATH not in member.extra or member.flag_bits & UTF_8:
        return None
    extra = member.extra
    while len(extra) > 4:  # noqa: PLR2004 - number and length
        size = struct.unpack_from("<H", extra, 2)[0]
        field, extra = extra[: 4 + size], extra[4 + size :]
        if field.startswith(UNICODE_PATH) and len(field) > 9:  # noqa: PLR2004
            version, checksum = struct.unpack_from("<BL", field, 4)
            is_current = checksum == zlib.crc32(member.orig_filename.encode("cp437"))
            return decode_name(field[9:], "utf-8") if version == 1 and is_current else None
    return None
