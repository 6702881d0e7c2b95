import os
import pickle
import socket
from pathlib import Path

import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import open_source, walks


@pytest.fixture
def folder(tmp_path, write_files) -> Path:
    return write_files(tmp_path / "photos")


def list_reasons(source) -> dict[str, str]:
    return {refusal.path: refusal.reason for refusal in source.refused}


def test_a_folder_lists_its_files_sorted(folder, files):
    source = open_source(folder)
    assert source.paths == tuple(files)
    assert source.refused == ()
    assert [source.read(path) for path in source.paths] == list(files.values())
    assert [source.measure(path) for path in source.paths] == list(map(len, files.values()))


def test_nested_folders_are_listed(tmp_path, write_files):
    write_files(tmp_path, {"train/cats/indoor/1.jpg": b"", "test/cats/2.jpg": b""})
    assert open_source(tmp_path).paths == ("test/cats/2.jpg", "train/cats/indoor/1.jpg")


def test_a_relative_location_is_found_wherever_the_process_goes_later(
    folder, files, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    source = open_source("photos")
    monkeypatch.chdir("/")
    assert source.location == "photos"
    assert source.read("cats/1.jpg") == files["cats/1.jpg"]


def test_the_home_folder_may_be_short(folder, files, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("~/photos").paths == tuple(files)


def test_a_name_may_begin_as_that_of_a_user(tmp_path, write_files, files, monkeypatch):
    write_files(tmp_path / "~nobody-by-this-name")
    monkeypatch.chdir(tmp_path)
    assert open_source("~nobody-by-this-name").paths == tuple(files)


def test_the_root_itself_may_be_a_link(folder, files, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert open_source(tmp_path / "link").paths == tuple(files)


LITTER = [
    *(".DS_Store", "cats/Thumbs.db", "__MACOSX/cats/1.jpg", ".git/1", "lost+found/1.jpg"),
    *("@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "cats/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg"),
    *("#recycle/dogs/9.jpg", "$RECYCLE.BIN/S-1-5-21/$R1.jpg", "FOUND.000/FILE0000.CHK"),
]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
@pytest.mark.parametrize("name", LITTER)
def test_litter_is_skipped(pack_files, files, kind, name):
    source = open_source(pack_files(kind, {**files, name: b""}))
    assert (source.paths, source.refused) == (tuple(files), ())


def test_litter_that_is_a_link_or_must_not_be_read_is_no_folder_left_out(folder, monkeypatch):
    (folder / ".snapshot").symlink_to("/")
    (folder / "lost+found").mkdir()
    forbid(monkeypatch, folder / "lost+found")
    open_source(folder).check_listed()


def test_archives_in_a_folder_are_refused(folder, files, write_files):
    write_files(folder, {"cats/more.zip": b"", "all.tar.gz": b""})
    source = open_source(folder)
    assert source.paths == tuple(files)
    assert list_reasons(source) == {
        "all.tar.gz": "nested_archive",
        "cats/more.zip": "nested_archive",
    }


def test_links_to_folders_that_are_listed_or_lie_around_are_never_followed(folder, files):
    (folder / "more").symlink_to("cats")
    (folder / "cats" / "round").symlink_to("..")
    (folder / "cats" / "root").symlink_to("/")
    (folder / "self").symlink_to(".")
    source = open_source(folder)
    assert source.paths == tuple(files)
    names = ("cats/root", "cats/round", "more", "self")
    assert list_reasons(source) == dict.fromkeys(names, "link")
    assert source.refused[2].detail == "a link to cats"
    assert source.follow_links() == source
    source.check_listed()


@pytest.fixture
def birds(tmp_path, write_files) -> Path:
    return write_files(tmp_path / "elsewhere" / "birds", {"1.jpg": b"1", "nest/2.jpg": b"2"})


def test_a_link_to_a_folder_elsewhere_stops_the_run_or_is_followed(folder, files, birds):
    (folder / "birds").symlink_to(birds)
    source = open_source(folder)
    assert source.paths == tuple(files)
    with pytest.raises(DataError, match=r"left out of .*photos, .*: birds \(a link to .*follow_l"):
        source.check_listed()
    followed = source.follow_links()
    followed.check_listed()
    assert followed.paths == ("birds/1.jpg", "birds/nest/2.jpg", *files)
    assert followed.refused == ()
    part = pickle.loads(pickle.dumps(followed.select(["birds/nest/2.jpg"])))
    assert part.read("birds/nest/2.jpg") == b"2"
    assert followed.follow_links() is followed
    assert source.follow_links() is followed


def test_a_folder_is_read_once_however_many_links_lead_to_it(folder, files, birds):
    for name, target in {"a": birds, "b": birds, "c": birds / "nest", "d": birds.parent}.items():
        (folder / name).symlink_to(target)
    (birds / "up").symlink_to("..")
    (birds / "nest" / "home").symlink_to(folder)
    (birds / "nest" / "cats").symlink_to(folder / "cats")
    followed = open_source(folder).follow_links()
    assert followed.paths == ("a/1.jpg", "a/nest/2.jpg", *files)
    details = {refusal.path: refusal.detail for refusal in followed.refused}
    assert sorted(details) == ["a/nest/cats", "a/nest/home", "a/up", "b", "c", "d/birds"]
    assert details["d/birds"] == "leads to a, listed already"


def test_what_links_lead_to_does_not_depend_on_the_order_of_a_disk(folder, birds, monkeypatch):
    for name, target in {"b": birds, "a": birds.parent, "c": birds / "nest"}.items():
        (folder / name).symlink_to(target)
    before = open_source(folder).follow_links()
    scandir = os.scandir

    class Reversed(list):
        __enter__ = list.__iter__

        def __exit__(self, *_args) -> None:
            pass

    monkeypatch.setattr(walks.os, "scandir", lambda path: Reversed([*scandir(path)][::-1]))
    assert open_source(folder).follow_links() == before


def test_links_in_a_linked_folder_are_followed_too(folder, birds, tmp_path, write_files):
    write_files(tmp_path / "far", {"3.jpg": b"3", "sub/4.jpg": b"4"})
    (folder / "birds").symlink_to(birds)
    (birds / "3.jpg").symlink_to(tmp_path / "far" / "3.jpg")
    (birds / "more").symlink_to(tmp_path / "far" / "sub")
    (birds / "one.jpg").symlink_to("1.jpg")
    (birds / "gone").symlink_to("nowhere")
    followed = open_source(folder).follow_links()
    assert [path for path in followed.paths if "birds" in path] == [
        "birds/1.jpg",
        "birds/3.jpg",
        "birds/more/4.jpg",
        "birds/nest/2.jpg",
    ]
    assert list_reasons(followed) == {"birds/gone": "link", "birds/one.jpg": "link"}
    assert (followed.read("birds/3.jpg"), followed.read("birds/more/4.jpg")) == (b"3", b"4")


def test_a_linked_folder_may_lie_hidden_in_the_root(folder, files, write_files):
    write_files(folder / ".store", {"birds/1.jpg": b"1"})
    (folder / "birds").symlink_to(".store/birds")
    assert open_source(folder).follow_links().paths == ("birds/1.jpg", *files)


def test_a_folder_that_cannot_be_read_behind_a_link_stops_the_run(folder, birds, monkeypatch):
    (folder / "birds").symlink_to(birds)
    forbid(monkeypatch, folder / "birds" / "nest")
    with pytest.raises(DataError, match=r"birds/nest \(Permission denied: .*chmod"):
        open_source(folder).follow_links().check_listed()


def test_links_to_files_elsewhere_are_followed_on_request(folder, files, tmp_path, write_files):
    write_files(tmp_path, {"elsewhere/3.jpg": b"three cats"})
    (folder / "cats" / "3.jpg").symlink_to(tmp_path / "elsewhere" / "3.jpg")
    source = open_source(folder)
    assert source.paths == tuple(files)
    (refusal,) = source.refused
    assert refusal[:2] == ("cats/3.jpg", "link")
    assert refusal.detail.endswith("elsewhere/3.jpg")
    followed = source.follow_links()
    assert followed.paths == tuple(sorted([*files, "cats/3.jpg"]))
    assert followed.refused == ()
    assert followed.read("cats/3.jpg") == b"three cats"
    assert followed.measure("cats/3.jpg") == len(b"three cats")


def test_a_link_to_a_listed_file_would_be_that_file_twice(folder):
    (folder / "dogs" / "2.jpg").symlink_to("1.jpg")
    (folder / "dogs" / "3.jpg").symlink_to(folder / "cats" / "1.jpg")
    source = open_source(folder)
    assert list_reasons(source) == {"dogs/2.jpg": "link", "dogs/3.jpg": "link"}
    assert source.follow_links() == source


def test_a_link_to_a_hidden_file_of_the_folder_may_be_followed(folder, write_files):
    """As `git annex` lays them out: all pictures below .git, and links to them."""
    write_files(folder, {".git/annex/3.jpg": b"three cats"})
    (folder / "cats" / "3.jpg").symlink_to("../.git/annex/3.jpg")
    assert open_source(folder).follow_links().read("cats/3.jpg") == b"three cats"


def test_broken_links_stay_refused(folder):
    (folder / "gone.jpg").symlink_to("nowhere")
    (folder / "self.jpg").symlink_to("self.jpg")
    source = open_source(folder)
    assert list_reasons(source) == {"gone.jpg": "link", "self.jpg": "link"}
    assert source.follow_links() == source


def test_a_folder_of_links_alone_can_be_opened(tmp_path, write_files):
    write_files(tmp_path, {"elsewhere/1.jpg": b"a cat"})
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")
    source = open_source(tmp_path / "photos")
    assert source.paths == ()
    assert source.follow_links().paths == ("1.jpg",)


def test_what_is_no_file_is_refused_and_never_opened(folder, monkeypatch):
    os.mkfifo(folder / "cats" / "pipe.jpg")
    monkeypatch.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
    assert list_reasons(open_source(folder)) == {
        "cats/pipe.jpg": "not_a_file",
        "socket.jpg": "not_a_file",
    }


def test_a_link_to_a_pipe_is_not_followed(folder, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (folder / "1.jpg").symlink_to(tmp_path / "pipe")
    source = open_source(folder)
    assert source.follow_links() == source


def test_a_pipe_is_no_source(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(DataError, match="no such file or folder"):
        open_source(tmp_path / "pipe.zip")


def forbid(monkeypatch, forbidden: Path) -> None:
    """Let nobody list `forbidden`; the tests may run as root, who could."""
    scandir = os.scandir

    def refuse(path):
        if Path(path) == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(walks.os, "scandir", refuse)


def test_an_unreadable_folder_is_refused_and_the_others_are_listed(folder, monkeypatch):
    forbid(monkeypatch, folder / "cats")
    source = open_source(folder)
    assert source.paths == ("dogs/1.jpg",)
    assert source.refused == (
        ("cats", "unreadable", "Permission denied: its files are not listed"),
    )
    with pytest.raises(DataError, match=r"A folder is left out .*: cats \(Permission .*chmod"):
        source.check_listed()


def test_an_unreadable_root_is_an_error(folder, monkeypatch):
    forbid(monkeypatch, folder)
    with pytest.raises(DataError, match=r"photos cannot be read: .*Permission denied"):
        open_source(folder)


def test_names_that_are_no_text_are_shown_and_read(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(name)).write_bytes(b"a cafe")
    source = open_source(tmp_path)
    assert source.paths == ("caf\\xe9.jpg",)
    part = pickle.loads(pickle.dumps(source.select(source.paths)))
    assert part.read("caf\\xe9.jpg") == b"a cafe"
    assert part.measure("caf\\xe9.jpg") == len(b"a cafe")


def test_two_names_that_are_shown_alike_are_refused(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")).write_bytes(b"one")
    (tmp_path / "caf\\xe9.jpg").write_bytes(b"two")
    (tmp_path / "1.jpg").write_bytes(b"three")
    source = open_source(tmp_path)
    assert source.paths == ("1.jpg",)
    assert list_reasons(source) == {"caf\\xe9.jpg": "listed_twice"}


@pytest.mark.parametrize("name", ["line\nbreak.jpg", "a b.jpg", "x" * 250 + ".jpg", "a\\b.jpg"])
def test_odd_names_stay_as_they_are(tmp_path, name):
    (tmp_path / name).write_bytes(b"odd")
    source = open_source(tmp_path)
    assert source.paths == (name,)
    assert source.read(name) == b"odd"


def test_capitals_make_another_file(tmp_path, write_files):
    write_files(tmp_path, {"Cat.jpg": b"one", "cat.jpg": b"two"})
    source = open_source(tmp_path)
    assert [source.read(path) for path in source.paths] == [b"one", b"two"]


def test_folders_deeper_than_the_system_allows_are_refused(tmp_path, monkeypatch, write_files):
    write_files(tmp_path, {"1.jpg": b""})
    monkeypatch.chdir(tmp_path)
    for _ in range(20):
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    monkeypatch.chdir(tmp_path)
    source = open_source(tmp_path)
    assert source.paths == ("1.jpg",)
    assert [refusal.reason for refusal in source.refused] == ["unreadable"]


def test_a_single_file_is_a_source_of_itself(folder, files):
    source = open_source(folder / "cats" / "1.jpg")
    assert source.paths == ("1.jpg",)
    assert source.read("1.jpg") == files["cats/1.jpg"]


def test_a_single_file_may_be_a_link_with_any_name(tmp_path, write_files):
    write_files(tmp_path, {"1.jpg": b"a cat"})
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")
    Path(name).symlink_to("1.jpg")
    source = open_source(name)
    assert (source.paths, source.read("caf\\xe9.jpg")) == (("caf\\xe9.jpg",), b"a cat")


def test_reading_a_vanished_file_raises_os_error(folder):
    source = open_source(folder)
    (folder / "cats" / "1.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"1\.jpg"):
        source.read("cats/1.jpg")
    with pytest.raises(FileNotFoundError, match=r"1\.jpg"):
        source.measure("cats/1.jpg")
