import os
import struct
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import find_state

IMAGES = struct.pack(">4I", 0x803, 1, 2, 2) + bytes(4)
LABELS = struct.pack(">2I", 0x801, 1) + bytes(1)


@pytest.fixture
def photos(tmp_path, write_files) -> Path:
    return write_files(tmp_path / "photos")


def change(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"another picture")


def touch(path: Path) -> None:
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize("do", [change, touch, Path.unlink])
def test_a_folder_has_another_state_once_a_file_has_changed(photos, do):
    before = find_state(photos)
    assert before == find_state(photos)
    do(photos / "cats" / "2.jpg")
    assert find_state(photos) != before


@pytest.mark.parametrize("name", ["cats/3.jpg", "birds/1.jpg", "metadata.csv"])
def test_a_new_file_counts(photos, name):
    before = find_state(photos)
    change(photos / name)
    assert find_state(photos) != before


@pytest.mark.parametrize("name", [".DS_Store", "cats/Thumbs.db", ".git/index", "__MACOSX/1.jpg"])
def test_what_systems_leave_lying_about_does_not_count(photos, name):
    before = find_state(photos)
    change(photos / name)
    assert find_state(photos) == before


def test_a_moved_folder_has_the_same_state(photos):
    before = find_state(photos)
    moved = photos.rename(photos.with_name("moved"))
    assert find_state(moved) == before


def test_a_file_counts_under_its_name(photos):
    before = find_state(photos)
    (photos / "cats" / "1.jpg").rename(photos / "dogs" / "9.jpg")
    assert find_state(photos) != before


def test_a_link_counts_by_what_it_leads_to_and_one_to_nowhere_is_no_mistake(photos, tmp_path):
    change(tmp_path / "elsewhere" / "1.jpg")
    (photos / "cats" / "linked.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")
    (photos / "cats" / "nowhere.jpg").symlink_to(tmp_path / "nowhere")
    before = find_state(photos)
    assert before == find_state(photos)
    touch(tmp_path / "elsewhere" / "1.jpg")
    assert find_state(photos) != before


def test_what_a_link_to_a_folder_leads_to_counts(photos, tmp_path):
    change(tmp_path / "elsewhere" / "1.jpg")
    (photos / "birds").symlink_to(tmp_path / "elsewhere")
    (photos / "cats" / "round").symlink_to("..")
    before = find_state(photos)
    assert before == find_state(photos)
    touch(tmp_path / "elsewhere" / "1.jpg")
    assert find_state(photos) != before


def test_of_an_archive_the_archive_counts_alone(photos, pack_zip):
    archive = pack_zip(photos / "photos.zip")
    before = find_state(archive)
    change(photos / "cats" / "1.jpg")
    assert find_state(archive) == before
    touch(archive)
    assert find_state(archive) != before


def test_of_a_table_it_and_the_files_it_names_count(photos):
    table = photos / "labels.csv"
    table.write_text("path,label\ncats/1.jpg,cat\ndogs/1.jpg,dog\n")
    states = [find_state(table)]
    change(photos / "cats" / "2.jpg")
    assert find_state(table) == states[0]
    change(photos / "cats" / "1.jpg")
    states.append(find_state(table))
    touch(table)
    states.append(find_state(table))
    assert len(set(states)) == 3


def test_a_table_that_cannot_be_understood_says_so(photos):
    (photos / "labels.csv").write_text("name\n1.jpg\n")
    with pytest.raises(DataError, match="no column 'path'"):
        find_state(photos / "labels.csv")


@pytest.mark.parametrize("chosen", ["", "train-images-idx3-ubyte"])
def test_of_idx_files_the_labels_count_too(tmp_path, write_files, chosen):
    names = {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS}
    folder = write_files(tmp_path / "idx", names)
    before = find_state(folder / chosen)
    assert before == find_state(folder / chosen)
    touch(folder / "train-labels-idx1-ubyte")
    assert find_state(folder / chosen) != before


@pytest.fixture
def memory(write_files):
    """A folder in the memory file system of fsspec."""
    filesystem = fsspec.filesystem("memory")
    for name in ("cats/1.jpg", "dogs/1.jpg"):
        filesystem.pipe_file(f"/photos/{name}", name.encode())
    filesystem.pipe_file("/photos/labels.csv", b"path,label\ncats/1.jpg,cat\n")
    yield filesystem
    MemoryFileSystem.store.clear()


@pytest.mark.parametrize("location", ["photos", "photos/cats/1.jpg", "photos/labels.csv"])
def test_files_elsewhere_have_a_state_too(memory, location):
    before = find_state(f"memory://{location}")
    assert before == find_state(f"memory://{location}")
    memory.pipe_file("/photos/.hidden", b"")
    assert before == find_state(f"memory://{location}")
    memory.pipe_file("/photos/cats/1.jpg", b"another picture")
    assert find_state(f"memory://{location}") != before


def test_where_nothing_is_there_is_no_state(tmp_path):
    assert find_state(tmp_path / "nowhere") is None
    assert find_state("memory://nowhere") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_has_none(photos):
    photos.chmod(0)
    try:
        assert find_state(photos / "cats") is None
    finally:
        photos.chmod(0o700)
