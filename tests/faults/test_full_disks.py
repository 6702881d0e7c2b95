"""Real faults: a limit on the size of files everywhere, a small disk where one may be mounted."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from onion_pipeline.datasets import ImageArrayDataset
from onion_pipeline.errors import DiskError
from onion_pipeline.images.arrays import ArrayChunks
from onion_pipeline.storage.disk import check_folder
from onion_pipeline.storage.seals import write_sealed

LIMITED = """
import resource, sys
from pathlib import Path
from onion_pipeline.storage.seals import write_sealed
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
with write_sealed(Path(sys.argv[1])) as path:
    path.write_bytes(bytes(2 << 20))
"""


def mount(folder: Path, *options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", ",".join(("size=1m", *options)), "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a disk")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        mount(folder)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limits here")
def test_a_file_that_may_not_grow_is_a_named_error_and_the_earlier_one_stays(tmp_path):
    path = tmp_path / "kept.npy"
    path.write_text("earlier")
    command = [sys.executable, "-c", LIMITED, str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert f"DiskError: {path} cannot be written: File too large;" in said.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["kept.npy"]
    assert path.read_text() == "earlier"


def test_a_full_disk_is_a_named_error_and_the_earlier_file_stays(small_disk):
    path = small_disk / "kept.npy"
    with write_sealed(path) as temporary:
        temporary.write_text("earlier")
    before = sorted(each.name for each in small_disk.iterdir())
    said = r"kept\.npy cannot be written: No space left on device; .* are free there"
    with pytest.raises(DiskError, match=said), write_sealed(path) as temporary:
        temporary.write_bytes(bytes(2 << 20))
    assert path.read_text() == "earlier"
    assert sorted(each.name for each in small_disk.iterdir()) == before


def test_an_array_that_has_no_room_is_not_begun(small_disk):
    def make_pieces():
        pytest.fail("it was begun")
        yield np.zeros(1, np.uint8)

    array = ArrayChunks(np.dtype(np.uint8), (), make_pieces(), rows=2 << 20)
    with pytest.raises(Exception, match=r"it will take 2\.1 MB, and 1\.0 MB are free") as caught:
        ImageArrayDataset(filepath=str(small_disk / "images.npy")).save(array)
    assert isinstance(caught.value.__cause__, DiskError)


def test_a_disk_that_becomes_read_only_is_a_named_error(small_disk):
    path = small_disk / "kept.csv"
    path.write_text("earlier")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(DiskError, match="small cannot be written to: Read-only file system"):
        check_folder(small_disk)
    said = r"kept\.csv cannot be written: Read-only file system"
    with pytest.raises(DiskError, match=said), write_sealed(path) as temporary:
        temporary.write_text("later")
    assert path.read_text() == "earlier"


@pytest.mark.slow
def test_a_run_that_cannot_write_a_result_does_not_begin(start_ingest, project):
    (project / "data").mkdir()
    (project / "data" / "03_primary").touch()
    run = start_ingest()
    assert run.wait() == 1
    assert run.said.count("Error: ") == 1
    assert "data/03_primary cannot be written to: Not a directory." in run.said
    assert "index_images" not in run.said


@pytest.mark.slow
def test_a_run_without_room_for_its_arrays_stops_before_it_writes_them(
    start_ingest, project, small_disk
):
    (project / "data").symlink_to(small_disk)
    run = start_ingest()
    assert run.wait() == 1
    assert "Traceback" not in run.said
    assert "decoded_images.npy has too little room: this run will take 8." in run.said
    assert not list(small_disk.rglob("*decoded*"))
