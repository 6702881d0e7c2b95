import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import open_source

EXPECTED = tuple(sorted(f"{name}/{number}.jpg" for name in ("blue", "red") for number in range(10)))


@pytest.fixture
def photo_zip(photo_folder: Path) -> Path:
    return Path(shutil.make_archive(str(photo_folder), "zip", photo_folder))


def write_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"bytes of " + name.encode())


def take_stock(folder: Path) -> dict[Path, tuple[str, int]]:
    return {
        path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_lists_its_files_sorted(photo_folder):
    assert open_source(photo_folder).paths == EXPECTED


def test_a_location_may_be_text(photo_folder):
    source = open_source(str(photo_folder))
    assert (source.location, source.paths) == (str(photo_folder), EXPECTED)


def test_a_relative_location_is_found(photo_folder, monkeypatch):
    monkeypatch.chdir(photo_folder.parent)
    source = open_source("photos")
    assert source.read("red/3.jpg") == (photo_folder / "red" / "3.jpg").read_bytes()


def test_nested_folders_are_listed(tmp_path):
    write_files(tmp_path, "train/cats/indoor/1.jpg", "test/cats/2.jpg")
    assert open_source(tmp_path).paths == ("test/cats/2.jpg", "train/cats/indoor/1.jpg")


def test_a_zip_lists_the_same_files_as_its_folder(photo_folder, photo_zip):
    folder, archive = open_source(photo_folder), open_source(photo_zip)
    assert archive.paths == folder.paths
    assert [archive.read(path) for path in EXPECTED] == [folder.read(path) for path in EXPECTED]


def test_a_wrapper_folder_in_a_zip_stays_in_the_paths(photo_folder):
    made = shutil.make_archive(
        str(photo_folder), "zip", photo_folder.parent, base_dir=photo_folder.name
    )
    assert open_source(made).paths == tuple(f"photos/{path}" for path in EXPECTED)


def test_the_suffix_of_a_zip_may_be_in_capitals(photo_zip):
    renamed = photo_zip.rename(photo_zip.with_suffix(".ZIP"))
    assert open_source(renamed).paths == EXPECTED


def test_a_zip_changed_after_its_first_reading_is_read_anew(photo_zip):
    open_source(photo_zip)
    with zipfile.ZipFile(photo_zip, "a") as archive:
        archive.writestr("green/0.jpg", b"new")
    assert open_source(photo_zip).read("green/0.jpg") == b"new"


def test_a_single_file_is_a_source(photo_folder):
    picture = photo_folder / "red" / "3.jpg"
    source = open_source(picture)
    assert source.paths == ("3.jpg",)
    assert source.read("3.jpg") == picture.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "red/.hidden.jpg",
        "red/Thumbs.db",
        "desktop.ini",
        "__MACOSX/red/0.jpg",
        ".git/red/1.jpg",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_litter_is_skipped(photo_folder, name, packed):
    write_files(photo_folder, name)
    made = shutil.make_archive(str(photo_folder), "zip", photo_folder) if packed else photo_folder
    assert open_source(made).paths == EXPECTED


def test_a_missing_path_is_told_with_its_neighbours(photo_folder):
    with pytest.raises(DataError, match=r"no such file or folder.*photos holds: blue, red\. "):
        open_source(photo_folder / "rde")


def test_only_ten_neighbours_are_told(tmp_path):
    write_files(tmp_path, *(f"{number:02}.jpg" for number in range(12)))
    with pytest.raises(DataError, match=r"holds: 00.jpg, .*09.jpg\. "):
        open_source(tmp_path / "cats")


def test_hidden_neighbours_are_not_told(tmp_path):
    write_files(tmp_path, ".hidden")
    with pytest.raises(DataError, match=r"holds: nothing\. "):
        open_source(tmp_path / "cats")


def test_a_missing_path_in_a_missing_folder_tells_no_neighbours(tmp_path):
    with pytest.raises(DataError, match="no such file or folder") as caught:
        open_source(tmp_path / "no" / "cats")
    assert "holds" not in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="it holds no file"):
        open_source(tmp_path)


def test_a_folder_of_litter_is_refused(tmp_path):
    write_files(tmp_path, ".DS_Store", "Thumbs.db")
    with pytest.raises(DataError, match="it holds no file"):
        open_source(tmp_path)


def test_an_empty_zip_is_refused(tmp_path):
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    with pytest.raises(DataError, match="it holds no file"):
        open_source(tmp_path / "empty.zip")


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_a_broken_zip_is_refused(photo_zip, keep):
    photo_zip.write_bytes(photo_zip.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"photos\.zip is not a readable zip archive"):
        open_source(photo_zip)


def test_a_member_that_points_outside_is_not_listed(photo_zip):
    with zipfile.ZipFile(photo_zip, "a") as archive:
        archive.writestr("../outside.jpg", b"evil")
    assert open_source(photo_zip).paths == EXPECTED


def test_reading_a_vanished_file_raises_os_error(photo_folder):
    source = open_source(photo_folder)
    (photo_folder / "red" / "3.jpg").unlink()
    with pytest.raises(OSError, match=r"3\.jpg"):
        source.read("red/3.jpg")


def test_reading_changes_nothing(photo_folder, photo_zip):
    before = take_stock(photo_folder.parent)
    for location in (photo_folder, photo_zip, photo_folder / "red" / "3.jpg"):
        source = open_source(location)
        assert all(source.read(path) for path in source.paths)
    assert take_stock(photo_folder.parent) == before
