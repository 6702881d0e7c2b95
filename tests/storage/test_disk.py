import errno
import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from onion_pipeline.errors import DiskError
from onion_pipeline.storage import disk
from onion_pipeline.storage.disk import (
    check_folder,
    check_room,
    check_temporary_folder,
    name_disk,
    provide_home,
)


@pytest.fixture
def room(monkeypatch):
    """A disk with a million free bytes."""
    monkeypatch.setattr(disk, "measure_room", lambda path: 1_000_000)


def test_a_folder_that_is_not_there_yet_is_fine_and_not_made(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_cannot_be_written_to(tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(DiskError, match=r"data/02 cannot be written to: Not a directory\."):
        check_folder(tmp_path / "data" / "02")


def test_a_link_that_leads_nowhere_cannot_be_written_to(tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "gone")
    with pytest.raises(DiskError, match="No such file"):
        check_folder(tmp_path / "data" / "02")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder is read-only for all here")
def test_permissions_are_not_believed():
    with pytest.raises(DiskError, match="/proc cannot be written to"):
        check_folder(Path("/proc"))


def test_a_folder_for_temporary_files_is_needed(monkeypatch, tmp_path):
    check_temporary_folder()
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "gone")])
    with pytest.raises(DiskError, match=r"No usable temporary directory.*TMPDIR"):
        check_temporary_folder()


def test_what_is_replaced_counts_as_room(room, tmp_path):
    check_room(tmp_path / "a.npy", 1_500_000, "it", freed=500_000)
    with pytest.raises(DiskError, match=r"a\.npy .*it will take 1\.5 MB, and 1\.4 MB are free"):
        check_room(tmp_path / "a.npy", 1_500_000, "it", freed=400_000)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EDQUOT])
def test_what_a_disk_does_not_do_is_named_with_the_path(room, tmp_path, number):
    said = r"a\.csv cannot be written: .*1\.0 MB are free"
    with pytest.raises(DiskError, match=said), name_disk(tmp_path / "a.csv"):
        raise OSError(number, os.strerror(number))


def test_a_folder_that_vanishes_is_named(tmp_path):
    path = tmp_path / "data" / "a.csv"
    with pytest.raises(DiskError, match=r"a\.csv cannot be written: No such file"), name_disk(path):
        path.with_name(".a.csv").write_text("")


def test_errors_of_other_files_pass_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), name_disk(tmp_path / "a.csv"):
        (tmp_path / "images" / "1.png").read_bytes()
    with pytest.raises(ConnectionResetError), name_disk(tmp_path / "a.csv"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


@pytest.fixture
def homeless(monkeypatch):
    """A user who is a number and nothing else, as in containers."""

    def find(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", find)
    for name in ("HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)


def test_a_user_without_a_home_gets_one(homeless):
    with pytest.raises(RuntimeError):
        Path.home()
    provide_home()
    home = Path.home()
    (home / "file").touch()
    provide_home()
    assert Path.home() == home


def test_a_home_that_cannot_be_written_to_stays_and_matplotlib_writes_elsewhere(
    homeless, monkeypatch, tmp_path
):
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    provide_home()
    assert os.environ["HOME"] == str(tmp_path / "nowhere")
    folder = os.environ["MPLCONFIGDIR"]
    assert Path(folder).is_dir()
    provide_home()
    assert os.environ["MPLCONFIGDIR"] == folder


def test_a_home_that_can_be_written_to_is_enough(homeless, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    provide_home()
    assert "MPLCONFIGDIR" not in os.environ


@pytest.mark.slow
def test_mlflow_can_be_imported_by_a_user_who_is_only_a_number():
    """In a process of its own, for here it has been imported."""
    code = (
        "import os, pwd\n"
        "def find(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = find\n"
        "[os.environ.pop(name, None) for name in ('HOME', 'USER', 'LOGNAME')]\n"
        "from onion_pipeline.storage.disk import provide_home\n"
        "provide_home()\n"
        "from onion_pipeline.tracking.mlflow_client import import_mlflow\n"
        "import_mlflow()\n"
        "print(os.environ['HOME'])\n"
    )
    source = str(Path(disk.__file__).parents[2])
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    home = Path(said.stdout.strip())
    assert home.name.startswith("onion_pipeline-home-")
    assert not home.exists()  # it goes with the process
