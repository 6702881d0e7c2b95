import copy
import gc
import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import find_place, open_source
from onion_pipeline.images.sources.archives import unpacking
from onion_pipeline.images.sources.archives.unpacking import unpack_file

pytestmark = pytest.mark.slow  # processes, and large files

MODES = {".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".TAR.XZ": "w:xz"}
PROJECT = Path(__file__).parents[4]


@pytest.fixture
def archive(tmp_path, pack_tar, temporary_folder) -> Path:
    return pack_tar(tmp_path / "photos.tar.gz", mode="w:gz")


def list_names(folder: Path) -> list[str]:
    gc.collect()
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("suffix", MODES)
def test_compressed_archives_are_read(tmp_path, pack_tar, files, temporary_folder, suffix):
    path = pack_tar(tmp_path / f"photos{suffix}", mode=MODES[suffix])
    source = open_source(path)
    assert {path: source.read(path) for path in source.paths} == files
    assert source.location == str(path)


def test_a_compressed_archive_may_have_any_name(archive, files):
    assert open_source(archive.rename(archive.with_name("photos"))).paths == tuple(files)


def test_the_temporary_file_goes_with_the_last_source(archive, temporary_folder):
    source = open_source(archive)
    assert len(list_names(temporary_folder)) == 1
    part = source.select(source.paths[:1])
    del source
    assert part.read("cats/1.jpg") == b"a cat"
    assert len(list_names(temporary_folder)) == 1
    del part
    assert list_names(temporary_folder) == []


def test_a_copy_keeps_the_temporary_file(archive, temporary_folder):
    source = copy.deepcopy(open_source(archive))
    gc.collect()
    assert source.read("cats/1.jpg") == b"a cat"
    del source
    assert list_names(temporary_folder) == []


def test_what_another_process_is_sent_does_not_remove_the_file(archive, temporary_folder):
    source = open_source(archive)
    sent = pickle.loads(pickle.dumps(source))
    assert sent.read("cats/1.jpg") == b"a cat"
    del sent
    assert len(list_names(temporary_folder)) == 1
    assert source.read("dogs/1.jpg") == b"a dog"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_does_not_remove_the_file(archive, temporary_folder):
    source = open_source(archive)
    script = (
        "import os, sys; from onion_pipeline.images.sources import open_source;"
        "source = open_source(sys.argv[1]); child = os.fork();"
        "child or sys.exit(); os.waitpid(child, 0);"
        "sys.exit(source.read('cats/1.jpg') != b'a cat')"
    )
    command = [sys.executable, "-c", script, str(archive)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(PROJECT / "src")})
    assert len(list_names(temporary_folder)) == 1  # that of this process
    assert source.paths


def test_without_a_wish_files_are_unpacked_on_a_disk(archive, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    place = find_place(archive)
    assert Path(unpack_file(place).path).parent == Path("/var/tmp")
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    assert Path(unpack_file(place).path).parent == Path(unpacking.tempfile.gettempdir())


def test_a_missing_folder_for_temporary_files_is_an_error(archive, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"cannot be unpacked into .*nowhere: .*TMPDIR names"):
        open_source(archive)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", MODES)
@pytest.mark.parametrize("keep", [12, -20])
def test_a_damaged_file_is_an_error(tmp_path, pack_tar, temporary_folder, suffix, keep):
    path = pack_tar(tmp_path / f"photos{suffix}", mode=MODES[suffix])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"photos.* cannot be unpacked .*damaged or cut short"):
        open_source(path)
    assert list_names(temporary_folder) == []


def test_a_file_that_grows_beyond_measure_is_an_error(tmp_path, temporary_folder, monkeypatch):
    monkeypatch.setattr(unpacking, "HARMLESS_BYTES", 1 << 20)
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(bytes(40 << 20)))
    with pytest.raises(DataError, match=r"unpacks to more than .* bytes, 200 times its size"):
        open_source(tmp_path / "bomb.tar.gz")
    assert list_names(temporary_folder) == []


def test_a_small_file_may_grow_at_will(tmp_path, temporary_folder):
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    assert unpack_file(find_place(tmp_path / "a.gz")).measure() == 1 << 20


def test_a_full_disk_is_an_error_before_it_is_full(archive, temporary_folder, monkeypatch):
    usage = unpacking.shutil.disk_usage(temporary_folder)
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: usage._replace(free=100 << 20))
    with pytest.raises(DataError, match=r"104857600 bytes are free there.*TMPDIR"):
        open_source(archive)
    assert list_names(temporary_folder) == []


def test_what_is_compressed_and_no_archive_is_an_error(tmp_path, temporary_folder):
    (tmp_path / "1.jpg.gz").write_bytes(gzip.compress(b"a cat" * 1000))
    with pytest.raises(DataError, match=r"1\.jpg\.gz is not a readable tar archive"):
        open_source(tmp_path / "1.jpg.gz")
