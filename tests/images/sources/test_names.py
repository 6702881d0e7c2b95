import os
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.images.sources.names import (
    MAX_LENGTH,
    find_ancestors,
    find_fault,
    hide_credentials,
    is_archive,
    is_no_litter,
    make_printable,
    normalize_name,
    shorten_name,
)

# Made of the pieces that matter, as random text hardly ever holds them.
NAMES = st.lists(
    st.sampled_from(["a", "b.jpg", ".", "..", "", "C:", "\\", "\0", "..."]), max_size=6
)


@pytest.mark.parametrize(
    "name",
    ["cats/1.jpg", "./cats/1.jpg", "cats//1.jpg", "...", "a/..b/c..", "é\n.jpg", "x" * MAX_LENGTH],
)
def test_harmless_names_have_no_fault(name):
    assert find_fault(name) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "empty"),
        ("./.", "empty"),
        ("..", "upwards"),
        ("a/../b", "upwards"),
        ("../../etc/passwd", "upwards"),
        ("/etc/passwd", "absolute"),
        ("//host/share", "absolute"),
        ("C:evil.jpg", "absolute"),
        ("c:/evil.jpg", "URI|absolute"),
        ("..\\evil.jpg", "backslash"),
        ("a\\b.jpg", "backslash"),
        ("a.jpg\0.txt", "NUL"),
        ("s3://bucket/a.jpg", "URI"),
        ("file:/etc/passwd", "URI"),
        ("x" * (MAX_LENGTH + 1), "longer"),
    ],
)
def test_harmful_names_have_a_fault(name, fault):
    assert any(word in find_fault(name) for word in fault.split("|"))


@given(NAMES.map("/".join))
def test_a_name_without_fault_stays_below_any_root(name):
    if find_fault(name) is None:
        joined = posixpath.normpath(f"/srv/{name}")
        assert joined == f"/srv/{normalize_name(name)}"
        assert joined.startswith("/srv/")
        assert not {"\\", "\0"} & set(name)


@given(NAMES.map("/".join))
def test_normalizing_twice_changes_nothing(name):
    once = normalize_name(name)
    assert normalize_name(once) == once
    assert not {"", "."} & set(once.split("/")) or not once


@given(st.binary(max_size=20).filter(lambda data: b"\0" not in data))
def test_every_name_of_a_file_can_be_printed(data):
    printed = make_printable(os.fsdecode(data))
    assert printed.encode() == data or "\\x" in printed


def test_bytes_that_are_no_text_are_shown():
    assert make_printable(os.fsdecode(b"caf\xe9.jpg")) == "caf\\xe9.jpg"
    assert make_printable("café\n.jpg") == "café\n.jpg"


def test_only_a_name_that_is_too_long_is_cut():
    assert shorten_name("x" * MAX_LENGTH) == "x" * MAX_LENGTH
    assert shorten_name("x" * (MAX_LENGTH + 1)) == "x" * 200 + "..."


@pytest.mark.parametrize(
    "name",
    [
        *(".DS_Store", "._1.jpg", "Thumbs.db", "DESKTOP.INI", "ehthumbs.db", "__MACOSX", "Icon\r"),
        *("@eaDir", "#recycle", "#Recycle", "@Recycle", "@__thumb", ".@__thumb", "@tmp"),
        *("$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "System Volume Information", "FOUND.000"),
        *("lost+found", ".Trashes", ".Trash-1000", ".thumbnails", ".picasaoriginals", "Picasa.ini"),
        *(".ipynb_checkpoints", ".AppleDouble", "Network Trash Folder", "Temporary Items"),
        *(".stversions", ".dtrash", "_gsdata_", "_vti_cnf", "__pycache__", ".git", ".dvc"),
    ],
)
def test_litter_is_known(name):
    assert not is_no_litter(name)
    assert is_no_litter(f"my{name}")


@pytest.mark.parametrize("name", ["1.jpg:Zone.Identifier", "1.jpg@SynoEAStream", "a@SynoResource"])
def test_litter_beside_each_file_is_known(name):
    assert not is_no_litter(name)


@pytest.mark.parametrize(
    "name",
    [
        *("recycle", "Recycle", "recycler", "recycled", "trash", "Trash", "thumbnails", "thumb"),
        *("tmp", "snapshot", "temporary items", "lost and found", "found", "eaDir", "MACOSX"),
        *("$10_to_$20", "#1", "@home", "_", "__", "desktop", "icon", "system", "git"),
    ],
)
def test_what_may_be_a_class_is_no_litter(name):
    assert is_no_litter(name)


@pytest.mark.parametrize("name", ["a.zip", "b/a.TAR.GZ", "a.7z", "a.rar", "x.tgz"])
def test_archives_are_known(name):
    assert is_archive(name)
    assert not is_archive(f"{name}.jpg")
    assert not is_archive("zip")


def test_ancestors_are_all_folders_on_the_way():
    assert find_ancestors(["a/b/c.jpg", "a/d.jpg"]) == {"a", "a/b", "a/b/c.jpg", "a/d.jpg"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:secret@host/a.zip?token=secret", "https://host/a.zip?..."),
        ("s3://key:secret@bucket/a", "s3://bucket/a"),
        ("Cannot get 'https://host/a?sig=secret' (404)", "Cannot get 'https://host/a?...' (404)"),
        ("photos/what?.jpg", "photos/what?.jpg"),
        ("two: http://u@h/x?a http://v@h/y", "two: http://h/x?... http://h/y"),
    ],
)
def test_credentials_are_hidden(text, shown):
    assert hide_credentials(text) == shown
