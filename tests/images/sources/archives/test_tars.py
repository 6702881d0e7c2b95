import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import ImageSource, open_source
from onion_pipeline.images.sources.archives.tars import open_tar
from onion_pipeline.images.sources.opening import find_place

BLOCK = tarfile.BLOCKSIZE
LAYOUTS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


@pytest.fixture
def archive(tmp_path, pack_tar) -> Path:
    return pack_tar(tmp_path / "photos.tar")


def list_reasons(source: ImageSource) -> dict[str, str]:
    return {refusal.path: refusal.reason for refusal in source.refused}


def make_header(name: str = "", kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, size
    return header.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_members_are_listed_measured_and_read(tmp_path, pack_tar, files, layout):
    files |= {"d/é.jpg": b"an accent", "x" * 60 + "/" + "y" * 60 + ".jpg": b"a long name"}
    if layout != tarfile.USTAR_FORMAT:
        files["long" * 60] = b"a longer name"
    source = open_source(pack_tar(tmp_path / "photos.tar", files, layout=layout))
    assert {path: source.read(path) for path in source.paths} == files
    assert {path: source.measure(path) for path in source.paths} == {
        path: len(data) for path, data in files.items()
    }
    assert list(source.paths) == sorted(source.paths)


@pytest.mark.parametrize("name", ["photos.TAR", "photos", "photos.jpg"])
def test_an_archive_is_known_by_what_it_holds(archive, files, name):
    assert open_source(archive.rename(archive.with_name(name))).paths == tuple(files)


def test_folders_and_litter_are_passed_over(tmp_path, pack_tar, files):
    others = {"./": (tarfile.DIRTYPE, ""), "cats": (tarfile.DIRTYPE, "")}
    named = {f"./{name}": data for name, data in files.items()} | {"./cats/._1.jpg": b""}
    source = open_source(pack_tar(tmp_path / "a.tar", named, others=others))
    assert (source.paths, source.refused) == (tuple(files), ())


def test_what_is_no_file_is_refused(tmp_path, pack_tar, files):
    others = {
        "symlink.jpg": (tarfile.SYMTYPE, "/etc/passwd"),
        "hardlink.jpg": (tarfile.LNKTYPE, "cats/1.jpg"),
        "pipe.jpg": (tarfile.FIFOTYPE, ""),
        "disk.jpg": (tarfile.BLKTYPE, ""),
        "terminal.jpg": (tarfile.CHRTYPE, ""),
        "cats/sub": (tarfile.SYMTYPE, ".."),
    }
    source = open_source(pack_tar(tmp_path / "a.tar", files, others=others))
    assert source.paths == tuple(files)
    assert list_reasons(source) == {
        "cats/sub": "link",
        "disk.jpg": "not_a_file",
        "hardlink.jpg": "link",
        "pipe.jpg": "not_a_file",
        "symlink.jpg": "link",
        "terminal.jpg": "not_a_file",
    }
    assert source.refused[-2].detail == "a link to /etc/passwd"
    assert source.follow_links() == source


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a/../../evil.jpg", "..\\evil.jpg"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE])
def test_members_that_lead_outside_are_refused(tmp_path, pack_tar, files, name, kind):
    source = open_source(pack_tar(tmp_path / "a.tar", files, others={name: (kind, "")}))
    assert source.paths == tuple(files)
    assert list_reasons(source) == {name: "unsafe_path"}


def test_two_members_of_one_name_are_refused(tmp_path, pack_tar, files):
    others = {"./cats/1.jpg": (tarfile.REGTYPE, ""), "dogs//1.jpg": (tarfile.SYMTYPE, "x")}
    source = open_source(pack_tar(tmp_path / "a.tar", files, others=others))
    assert source.paths == ("cats/2.jpg",)
    assert list_reasons(source) == {"cats/1.jpg": "listed_twice", "dogs/1.jpg": "listed_twice"}


def test_archives_inside_are_refused(tmp_path, pack_tar, files):
    source = open_source(pack_tar(tmp_path / "a.tar", files | {"more.tgz": b""}))
    assert list_reasons(source) == {"more.tgz": "nested_archive"}


def test_a_sparse_file_is_refused(tmp_path):
    header = bytearray(make_header("sparse.jpg", tarfile.GNUTYPE_SPARSE))
    header[386:410] = b"00000001000\000" + b"00000000001\000"
    header[483:495] = b"00000002000\000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) + make_header("1.jpg") + bytes(2 * BLOCK))
    assert list_reasons(open_source(tmp_path / "a.tar")) == {"sparse.jpg": "not_a_file"}


def test_names_that_are_no_text_are_shown(tmp_path, pack_tar):
    files = {"caf\udce9.jpg": b"a cafe"}
    source = open_source(pack_tar(tmp_path / "a.tar", files, layout=tarfile.GNU_FORMAT))
    assert source.paths == ("caf\\xe9.jpg",)
    assert source.read("caf\\xe9.jpg") == b"a cafe"


def test_an_empty_archive_is_an_error(tmp_path, pack_tar):
    with pytest.raises(DataError, match="it holds no file"):
        open_source(pack_tar(tmp_path / "a.tar", {}))


@pytest.mark.parametrize("keep", [0, 100, BLOCK + 2, 3 * BLOCK, 5 * BLOCK + 1])
def test_an_archive_that_is_cut_short_is_an_error(archive, keep):
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"photos\.tar is not a readable tar archive: .*again"):
        open_source(archive)


def test_a_damaged_header_is_an_error_and_not_the_end(archive):
    """Python takes it for the end, and would silently drop all that follows."""
    data = bytearray(archive.read_bytes())
    data[2 * BLOCK] ^= 1
    archive.write_bytes(data)
    with tarfile.open(archive) as python:
        assert len(python.getmembers()) == 1
    with pytest.raises(DataError, match="the header at byte 1024 is damaged"):
        open_source(archive)


def test_a_size_below_zero_does_not_lead_round_in_circles(tmp_path):
    """Python before 3.11.14 reads such an archive for ever (CVE-2025-8194)."""
    header = bytearray(make_header("1.jpg"))
    header[124:136] = (-BLOCK & (1 << 96) - 1).to_bytes(12)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(2 * BLOCK))
    with pytest.raises(DataError, match="leads backwards"):
        open_source(tmp_path / "a.tar")


def test_headers_that_only_announce_others_are_an_error(tmp_path):
    """Python reads each within the last, until its stack is full."""
    headers = make_header("long", tarfile.GNUTYPE_LONGNAME) * 3000
    (tmp_path / "a.tar").write_bytes(headers + make_header("1.jpg") + bytes(2 * BLOCK))
    with pytest.raises(DataError, match="recursion"):
        open_source(tmp_path / "a.tar")


def test_a_header_made_to_take_long_is_an_error(tmp_path):
    """Python before 3.11.10 needs hours for a number of these digits (CVE-2024-6232)."""
    header = make_header("x", tarfile.XHDTYPE, 4 << 20)
    data = header + b"1" * (4 << 20) + make_header("1.jpg") + bytes(2 * BLOCK)
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(DataError, match="an extended header of 4194304 bytes"):
        open_source(tmp_path / "a.tar")


def test_an_archive_that_shrinks_raises_os_error(archive):
    source = open_source(archive)
    archive.write_bytes(archive.read_bytes()[: BLOCK + 2])
    with pytest.raises(OSError, match="2 bytes came instead of 5"):
        source.read("cats/1.jpg")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=2000),
    st.lists(st.tuples(st.integers(0, 4 * BLOCK - 1), st.integers(0, 255)), max_size=6),
)
def test_any_damage_is_an_error_or_harmless(tmp_path_factory, tail, changes):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("a/1.jpg", "b/2.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 5
            archive.addfile(member, io.BytesIO(b"bytes"))
    data = bytearray(buffer.getvalue()[: 4 * BLOCK] + tail)
    for position, value in changes:
        data[position] = value
    for start in (0, 2 * BLOCK):  # so that the damage lies behind a sound checksum
        data[start + 148 : start + 156] = b" " * 8
        data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + BLOCK])
    path = tmp_path_factory.mktemp("damaged") / "a.tar"
    path.write_bytes(data)
    try:
        source = open_tar(find_place(path))
    except DataError:
        return
    for name in source.paths:
        assert len(source.read(name)) == source.measure(name)


def test_a_link_that_may_be_a_class_is_told(tmp_path, pack_tar):
    links = {"dog": (tarfile.SYMTYPE, "../elsewhere/dog"), "1.jpg": (tarfile.SYMTYPE, "2.jpg")}
    source = open_source(pack_tar(tmp_path / "a.tar", others=links))
    assert "a.tar are not followed: dog. " in source.warning
    assert open_source(pack_tar(tmp_path / "b.tar")).warning is None
