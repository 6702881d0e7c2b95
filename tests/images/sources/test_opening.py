import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import find_state, open_source

PROJECT = Path(__file__).parents[3]
# What a worker process should not have to import to read files on this machine.
HEAVY = {"fsspec", "s3fs", "aiohttp", "pandas", "pyarrow", "kedro", "PIL"}
IMAGES = struct.pack(">4I", 0x803, 1, 2, 2) + bytes(4)
LABELS = struct.pack(">2I", 0x801, 1) + bytes(1)


def draw(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_an_image_is_known_by_its_content(tmp_path, kind):
    (tmp_path / "picture").write_bytes(draw(kind))
    source = open_source(tmp_path / "picture")
    assert (source.paths, source.given) == (("picture",), None)


@pytest.mark.parametrize("name", ["1.jpg", "1.JPEG", "1.png", "1.bmp", "1.gif", "1.webp", "1.tif"])
def test_a_damaged_image_is_known_by_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"damaged")
    assert open_source(tmp_path / name).read(name) == b"damaged"


def test_content_goes_before_the_name(tmp_path):
    (tmp_path / "picture.zip").write_bytes(draw("JPEG"))
    assert open_source(tmp_path / "picture.zip").paths == ("picture.zip",)


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("notes.txt", b"some text", "begins with 73 6f 6d 65 20 74 65 78."),
        ("data.7z", b"7z\xbc\xaf", "begins with 37 7a bc af."),
        ("empty", b"", "begins with nothing."),
    ],
)
def test_what_is_not_known_is_an_error_that_says_what_would_be(tmp_path, name, data, shown):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=f"it is called '{name}' and ") as caught:
        open_source(tmp_path / name)
    message = str(caught.value)
    assert shown in message
    for known in ("sub-folder per class", ".zip", ".tar.gz", ".parquet", "IDX", "metadata.csv"):
        assert known in message


def test_a_missing_place_is_told_with_its_neighbours(tmp_path, write_files):
    folder = write_files(tmp_path / "photos")
    with pytest.raises(DataError, match=r"no such file or folder.*photos holds: cats, dogs\. "):
        open_source(folder / "cast")


def test_only_ten_visible_neighbours_are_told(tmp_path, write_files):
    write_files(tmp_path, {f"{number:02}.jpg": b"" for number in range(12)} | {".hidden": b""})
    with pytest.raises(DataError, match=r"holds: 00\.jpg, .*09\.jpg\. "):
        open_source(tmp_path / "cats")


def test_an_empty_neighbourhood_is_told(tmp_path):
    with pytest.raises(DataError, match=r"holds: nothing\. "):
        open_source(tmp_path / "cats")


def test_a_missing_place_in_a_missing_folder_tells_no_neighbours(tmp_path):
    with pytest.raises(DataError, match="no such file or folder") as caught:
        open_source(tmp_path / "no" / "cats")
    assert "holds" not in str(caught.value)


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"it holds no file\. Looked for: "):
        open_source(tmp_path)


def test_a_folder_of_litter_is_an_error(tmp_path, write_files):
    write_files(tmp_path, {".DS_Store": b"", "Thumbs.db": b""})
    with pytest.raises(DataError, match="it holds no file"):
        open_source(tmp_path)


def test_a_folder_of_refused_files_says_why(tmp_path, write_files):
    source = open_source(write_files(tmp_path, {"cats.zip": b"", "dogs.zip": b""}))
    assert source.paths == ()
    assert [refusal.reason for refusal in source.refused] == ["nested_archive"] * 2


def test_to_predict_nobody_is_asked_for_folders_of_classes(tmp_path):
    for location in (tmp_path, tmp_path / "no", tmp_path.with_name("odd")):
        location.with_name("odd").write_bytes(b"odd")
        with pytest.raises(DataError, match=r"of pictures.* table with the column path") as c:
            open_source(location, labelled=False)
        assert "per class" not in str(c.value)


@pytest.mark.parametrize("typed", ["photos", "more/photos", "../photos"])
def test_a_path_that_is_relative_to_the_current_folder_is_told(tmp_path, monkeypatch, typed):
    """Kedro has put the folder of the project before it."""
    project, here = tmp_path / "project", tmp_path / "project" / "notebooks" / "mine"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    with pytest.raises(DataError, match=r"Give a folder with one sub-folder per class"):
        open_source(project / typed)
    (here / typed).mkdir(parents=True)
    message = rf"not from mine, where photos is: --params images=notebooks/mine/{typed}$"
    with pytest.raises(DataError, match=message):
        open_source(project / typed)


def take_stock(folder: Path) -> dict[Path, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_reading_changes_nothing(tmp_path, write_files, pack_zip, pack_tar, monkeypatch):
    folder = write_files(tmp_path / "all" / "photos")
    archives = [
        pack_zip(tmp_path / "all" / "photos.zip"),
        pack_tar(tmp_path / "all" / "photos.tar"),
        pack_tar(tmp_path / "all" / "photos.tar.gz", mode="w:gz"),
    ]
    (folder / "labels.csv").write_text("path,label\ncats/1.jpg,cat\n")
    before = take_stock(tmp_path)
    for location in (folder, *archives, folder / "labels.csv", folder / "cats" / "1.jpg"):
        source = open_source(location)
        assert all(source.read(path) for path in source.paths)
    assert take_stock(tmp_path) == before


def test_importing_and_reading_here_needs_no_heavy_library(tmp_path, pack_zip):
    script = (
        "import sys; from onion_pipeline.images.sources import open_source;"
        "source = open_source(sys.argv[1]); source.read(source.paths[0]);"
        f"print(*{HEAVY} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", script, str(pack_zip(tmp_path / "a.zip"))]
    environment = {"PYTHONPATH": str(PROJECT / "src"), "PATH": ""}
    found = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert found.stdout.split() == []


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
