import contextlib
import pickle
import random
import stat
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import ImageSource, open_source
from onion_pipeline.images.sources.archives import zips

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
CENTRAL, LOCAL = b"PK\1\2", b"PK\3\4"


@pytest.fixture
def archive(tmp_path, pack_zip) -> Path:
    return pack_zip(tmp_path / "photos.zip")


def list_reasons(source: ImageSource) -> dict[str, str]:
    return {refusal.path: refusal.reason for refusal in source.refused}


def add_member(path: Path, name: str, data: bytes = b"", mode: int = 0, **fields) -> None:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    for field, value in fields.items():
        setattr(member, field, value)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, data)


def patch(path: Path, signature: bytes, offset: int, form: str, value: int) -> None:
    """Overwrite a field in the first header with this signature."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, data.index(signature) + offset, value)
    path.write_bytes(data)


@pytest.mark.parametrize("method", METHODS)
def test_members_are_listed_measured_and_read(tmp_path, pack_zip, files, method):
    source = open_source(pack_zip(tmp_path / "photos.zip", files, method))
    assert source.paths == tuple(files)
    assert [source.read(path) for path in source.paths] == list(files.values())
    assert [source.measure(path) for path in source.paths] == list(map(len, files.values()))


@pytest.mark.parametrize("name", ["photos.ZIP", "photos", "photos.jpg"])
def test_an_archive_is_known_by_what_it_holds(archive, files, name):
    assert open_source(archive.rename(archive.with_name(name))).paths == tuple(files)


def test_an_archive_may_begin_or_end_with_something_else(archive, files):
    archive.write_bytes(b"#!/bin/sh\nexit\n" + archive.read_bytes() + b"\n")
    source = open_source(archive)
    assert source.read("cats/1.jpg") == files["cats/1.jpg"]


def test_a_wrapper_folder_stays_in_the_paths(tmp_path, pack_zip):
    source = open_source(pack_zip(tmp_path / "a.zip", {"photos/cats/1.jpg": b""}))
    assert source.paths == ("photos/cats/1.jpg",)


def test_folders_and_litter_are_passed_over(archive, files):
    for name in ("birds/", "__MACOSX/cats/._1.jpg", "cats/.DS_Store", "../"):
        add_member(archive, name)
    source = open_source(archive)
    assert (source.paths, source.refused) == (tuple(files), ())


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "cats/../../evil.jpg", "/evil.jpg", "C:\\evil.jpg", "..\\evil.jpg"]
)
def test_members_that_lead_outside_are_refused(archive, files, name):
    add_member(archive, name, b"evil")
    source = open_source(archive)
    assert source.paths == tuple(files)
    assert list_reasons(source) == {name: "unsafe_path"}


def test_a_nul_byte_does_not_hide_the_rest_of_a_name(archive, files):
    """Python's own list calls this member cats/1.jpg, and would read it for the true one."""
    add_member(archive, "cats/1.jpg+.exe", b"evil")
    archive.write_bytes(archive.read_bytes().replace(b"cats/1.jpg+.exe", b"cats/1.jpg\0.exe"))
    source = open_source(archive)
    assert list_reasons(source) == {"cats/1.jpg\0.exe": "unsafe_path"}
    assert source.read("cats/1.jpg") == files["cats/1.jpg"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "not_a_file"), (stat.S_IFCHR, "not_a_file")],
)
def test_members_that_are_no_files_are_refused(archive, mode, reason):
    add_member(archive, "cats/3.jpg", b"/etc/passwd", mode | 0o777)
    source = open_source(archive)
    assert list_reasons(source) == {"cats/3.jpg": reason}
    assert source.follow_links() == source


@pytest.mark.parametrize("bit", [0, 6])
def test_encrypted_members_are_refused(archive, bit):
    patch(archive, CENTRAL, 8, "<H", 1 << bit)
    assert list_reasons(open_source(archive)) == {"cats/1.jpg": "encrypted"}


def test_members_that_unpack_to_far_more_are_refused(tmp_path, pack_zip):
    files = {"bomb.bmp": bytes(5 << 20), "white.bmp": bytes(1 << 20), "1.jpg": random.randbytes(9)}
    source = open_source(pack_zip(tmp_path / "a.zip", files))
    assert source.paths == ("1.jpg", "white.bmp")
    (refusal,) = source.refused
    assert refusal[:2] == ("bomb.bmp", "compressed_too_much")
    assert refusal.detail.startswith("5242880 bytes in ")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["cats/1.jpg", "cats//1.jpg", "./cats/1.jpg"])
def test_two_members_of_one_name_are_refused(archive, name):
    add_member(archive, name, b"another cat")
    source = open_source(archive)
    assert source.paths == ("cats/2.jpg", "dogs/1.jpg")
    assert list_reasons(source) == {"cats/1.jpg": "listed_twice"}


def test_archives_inside_are_refused(archive, files):
    add_member(archive, "more.zip", archive.read_bytes())
    source = open_source(archive)
    assert source.paths == tuple(files)
    assert list_reasons(source) == {"more.zip": "nested_archive"}


def test_a_member_without_a_name_is_refused(archive):
    add_member(archive, "", b"nameless")
    assert list_reasons(open_source(archive)) == {"": "unsafe_path"}


def test_overlapping_members_are_refused(tmp_path, pack_zip):
    """As in the zip bombs of D. Fifield: many names for the same bytes."""
    path = pack_zip(tmp_path / "a.zip", {"1.jpg": random.randbytes(1000), "2.jpg": b"2"})
    for signature, offset in ((CENTRAL, 20), (LOCAL, 18)):
        patch(path, signature, offset, "<I", 5000)
    with pytest.raises(DataError, match=r"claim 500\d bytes of its \d+, so they overlap"):
        open_source(path)


def test_a_member_unpacks_to_no_more_than_it_says(tmp_path, pack_zip):
    path = pack_zip(tmp_path / "a.zip", {"1.jpg": bytes(60 << 20)})
    for signature, offset in ((CENTRAL, 24), (LOCAL, 22)):
        patch(path, signature, offset, "<I", 1000)
    source = open_source(path)
    tracemalloc.start()
    with pytest.raises(OSError, match="not to be read from its archive"):
        source.read("1.jpg")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 << 20


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_member_raises_os_error(tmp_path, pack_zip, method):
    path = pack_zip(tmp_path / "a.zip", {"1.jpg": bytes(range(256)) * 4}, method)
    data = bytearray(path.read_bytes())
    start = data.index(b"1.jpg") + len("1.jpg") + 9
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    source = open_source(path)
    with pytest.raises(OSError, match="not to be read from its archive"):
        source.read("1.jpg")


def test_an_unknown_compression_raises_os_error(archive):
    for signature, offset in ((LOCAL, 8), (CENTRAL, 10)):
        patch(archive, signature, offset, "<H", 77)
    with pytest.raises(OSError, match="compression method is not supported"):
        open_source(archive).read("cats/1.jpg")


@pytest.mark.parametrize("keep", [0, 1, 4, 100])
def test_a_broken_archive_is_an_error(archive, keep):
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"photos\.zip is not a readable zip archive: .*again"):
        open_source(archive)


def test_a_name_that_is_not_the_text_it_says_is_an_error(tmp_path, pack_zip):
    path = pack_zip(tmp_path / "a.zip", {"é.jpg": b""})
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9\xe9"))
    with pytest.raises(DataError, match="not a readable zip archive"):
        open_source(path)


def test_an_empty_archive_is_an_error(tmp_path, pack_zip):
    with pytest.raises(DataError, match="it holds no file"):
        open_source(pack_zip(tmp_path / "empty.zip", {}))


def test_an_archive_is_opened_once_a_process(archive, monkeypatch):
    zips._open_archive.cache_clear()
    opened = []
    monkeypatch.setattr(zips, "ZipFile", lambda file: opened.append(1) or zipfile.ZipFile(file))
    source = open_source(archive)
    for path in (*source.paths, *open_source(archive).paths):
        pickle.loads(pickle.dumps(source.select([path]))).read(path)
    assert len(opened) == 1


def test_an_archive_that_has_changed_is_listed_anew(archive):
    open_source(archive)
    add_member(archive, "birds/1.jpg", b"a bird")
    assert open_source(archive).read("birds/1.jpg") == b"a bird"


def test_an_archive_that_has_changed_is_not_read_by_its_old_list(archive):
    source = open_source(archive)
    zips._open_archive.cache_clear()
    add_member(archive, "birds/1.jpg", b"a bird")
    with pytest.raises(OSError, match="has changed since its files were listed"):
        source.read("cats/1.jpg")


def test_threads_may_read_one_archive_together(tmp_path, pack_zip):
    files = {f"{number:03}.jpg": random.randbytes(5000) for number in range(200)}
    source = open_source(pack_zip(tmp_path / "a.zip", files))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(source.read, source.paths)) == list(files.values())


def read_all(path: Path) -> None:
    """Read an archive as far as it goes, and raise anything that is not announced."""
    with contextlib.suppress(DataError):
        source = open_source(path)
        for name in source.paths:
            with contextlib.suppress(OSError):
                assert len(source.read(name)) == source.measure(name)


def test_hostile_archives_are_read_or_refused_file_by_file(hostile_archives, tmp_path):
    for name, data in hostile_archives.items():
        (tmp_path / name).write_bytes(data)
        read_all(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == hostile_archives.keys()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zip-slip-win.zip", "unsafe_path"),
        ("zip-slip.tar", "unsafe_path"),
        ("zip-slip-win.tar", "unsafe_path"),
        ("encrypt.zip", "encrypted"),
        ("encrypt-aes256.zip", "encrypted"),
        ("filename_duplicate.zip", "listed_twice"),
        ("bigzero-zip.zip", "compressed_too_much"),
    ],
)
def test_hostile_members_are_refused_for_what_they_are(hostile_archives, tmp_path, name, reason):
    (tmp_path / name).write_bytes(hostile_archives[name])
    assert reason in list_reasons(open_source(tmp_path / name)).values()


def test_a_link_that_may_be_a_class_is_told(tmp_path, pack_zip):
    path = pack_zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("dog", "1.jpg"):
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "../elsewhere/dog")
    assert "a.zip are not followed: dog. " in open_source(path).warning
    assert open_source(pack_zip(tmp_path / "b.zip")).warning is None
