import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from onion_pipeline.images.sources import open_source


class RawName(zipfile.ZipInfo):
    """A member whose name is written as it is, without saying what it is."""

    raw = b""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.raw, self.flag_bits & ~0x800


def pack_raw(path: Path, members: Mapping[bytes, bytes], extras: Mapping[bytes, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(members.items()):
            member = RawName(f"{number}")
            member.raw, member.extra = name, extras.get(name, b"")
            archive.writestr(member, data)
    return path


@pytest.fixture
def open_names(tmp_path):
    """A function that opens a zip archive of these names, each with its number as its bytes."""

    def open_archive(*names: bytes, extras: Mapping[bytes, bytes] | None = None):
        members = {name: b"%d" % number for number, name in enumerate(names)}
        return open_source(pack_raw(tmp_path / "photos.zip", members, extras or {}))

    return open_archive


def make_unicode_path(name: str, raw: bytes, version: int = 1) -> bytes:
    content = struct.pack("<BL", version, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


def test_names_are_utf_8_where_all_of_them_are(open_names):
    """As the archives of macOS, which do not say so."""
    source = open_names("Bro\u0308tchen/1.jpg".encode(), "猫/1.jpg".encode(), b"cats/1.jpg")
    assert source.paths == ("Bro\u0308tchen/1.jpg", "cats/1.jpg", "猫/1.jpg")
    assert [source.read(path) for path in source.paths] == [b"0", b"2", b"1"]
    assert source.warning is None


def test_backslashes_of_windows_divide_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in (r"cats\1.jpg", r"dogs\old\2.jpg", r"..\3.jpg", "cats\\"):
            member = zipfile.ZipInfo(name)
            member.create_system = 0
            archive.writestr(member, name)
    source = open_source(tmp_path / "photos.zip")
    assert source.paths == ("cats/1.jpg", "dogs/old/2.jpg")
    assert source.read("dogs/old/2.jpg") == rb"dogs\old\2.jpg"
    assert [refused.reason for refused in source.refused] == ["unsafe_path"]


def test_names_in_a_code_page_are_told_with_what_they_may_be(open_names, tmp_path):
    """猫 in GBK is è in UTF-8: all names of an archive are taken alike."""
    source = open_names("猫/1.jpg".encode("gbk"), "船/1.jpg".encode("gbk"), b"cats/1.jpg")
    assert source.paths == ("cats/1.jpg", "├¿/1.jpg", "┤¼/1.jpg")
    assert "in which code page 2 of its names are; they are taken for cp437" in source.warning
    assert "for example '┤¼/1.jpg'. In other code pages it is: gbk '船/1.jpg'" in source.warning
    assert source.warning.endswith(
        f"python -m zipfile --metadata-encoding gbk -e {tmp_path / 'photos.zip'} photos"
    )


@pytest.mark.parametrize(
    ("name", "code_page"),
    [
        ("Äpfel", "cp437"),
        ("Äpfel", "cp850"),
        ("кошка", "cp866"),
        ("ネコ", "shift_jis"),
        ("貓", "big5"),
    ],
)
def test_the_right_reading_is_among_those_that_are_told(open_names, name, code_page):
    source = open_names(f"{name}/1.jpg".encode(code_page))
    assert f"'{name}/1.jpg'" in source.warning


def test_a_field_for_the_unicode_path_goes_first(open_names):
    raw = {name: name.encode("gbk") for name in ("猫/1.jpg", "船/1.jpg")} | {"Ä/1.jpg": b"#U00c4"}
    extras = {data: b"\x55\x54\1\0\0" + make_unicode_path(name, data) for name, data in raw.items()}
    source = open_names(*raw.values(), extras=extras)
    assert source.paths == ("Ä/1.jpg", "猫/1.jpg", "船/1.jpg")
    assert source.read("船/1.jpg") == b"1"
    assert source.warning is None


@pytest.mark.parametrize(
    "field",
    [
        make_unicode_path("船/1.jpg", b"another name"),
        make_unicode_path("船/1.jpg", "Ä/1.jpg".encode(), version=2),
        struct.pack("<HH", 0x7075, 3) + b"abc",
        struct.pack("<HHBL", 0x7075, 6, 1, zlib.crc32("Ä/1.jpg".encode())) + b"\xff",
        struct.pack("<HH", 0x7570, 2) + b"up",
    ],
)
def test_a_field_that_does_not_belong_to_the_name_is_not_used(open_names, field):
    name = "Ä/1.jpg".encode()
    assert open_names(name, extras={name: field}).paths == ("Ä/1.jpg",)


def test_a_name_in_a_field_is_as_safe_as_any_other(open_names):
    field = make_unicode_path("../evil.jpg", b"1.jpg")
    source = open_names(b"1.jpg", b"2.jpg", extras={b"1.jpg": field})
    assert source.paths == ("2.jpg",)
    assert source.refused[0][:2] == ("../evil.jpg", "unsafe_path")


def test_names_that_say_what_they_are_need_no_warning(tmp_path, pack_zip):
    source = open_source(pack_zip(tmp_path / "a.zip", {"Ä/1.jpg": b"", "猫/1.jpg": b""}))
    assert (source.paths, source.warning) == (("Ä/1.jpg", "猫/1.jpg"), None)


def test_any_bytes_are_a_name(open_names):
    generator = random.Random(0)
    names = {bytes(generator.choices(range(128, 256), k=9)) for _ in range(200)}
    source = open_names(*sorted(names))
    assert len(source.paths) == len(names)
    assert "they are taken for cp437" in source.warning


@pytest.mark.parametrize("kind", ["tar", "folder"])
def test_names_elsewhere_that_are_not_utf_8_are_told(tmp_path, write_files, pack_tar, kind):
    name = "船/1.jpg".encode("gbk").decode("utf-8", "surrogateescape")
    pack = write_files if kind == "folder" else pack_tar
    source = open_source(pack(tmp_path / f"photos.{kind}", {name: b"1", "2.jpg": b"2"}))
    assert source.paths == ("2.jpg", r"\xb4\xac/1.jpg")
    assert source.read(r"\xb4\xac/1.jpg") == b"1"
    assert "1 names that are not UTF-8" in source.warning
    assert r"example \xb4\xac/1.jpg. In other code pages it is: gbk '船/1.jpg'" in source.warning
    assert "convmv -f gbk -t utf-8" in source.warning
