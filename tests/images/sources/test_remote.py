import gzip
import pickle
import random
import struct
import sys
import zipfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from operator import methodcaller
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from s3fs import S3FileSystem

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import ImageSource, find_place, open_source

MANIFEST = b"path,label\ncats/1.jpg,cat\ndogs/1.jpg,dog\ndogs/9.jpg,dog\n../1.jpg,dog\n"


@pytest.fixture
def photos(tmp_path, write_files, pack_zip, pack_tar, files) -> Path:
    """A folder of every kind of source."""
    folder = write_files(tmp_path / "photos", {f"set/{name}": files[name] for name in files})
    write_files(folder, {"set/labels.csv": MANIFEST})
    pack_zip(folder / "a.zip")
    pack_tar(folder / "a.tar")
    pack_tar(folder / "a.tar.gz", mode="w:gz")
    images = struct.pack(">4I", 0x803, 2, 3, 4) + bytes(range(24))
    labels = struct.pack(">2I", 0x801, 2) + bytes([7, 8])
    names = ("idx/train-images-idx3-ubyte", "idx/train-labels-idx1-ubyte")
    for name, data in zip(names, (images, labels), strict=True):
        write_files(folder, {name: data, f"{name}.gz": gzip.compress(data)})
    return folder


@pytest.fixture(scope="module")
def s3_server():
    """A file system of an S3 server on this machine, which the environment names."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    variables = {"AWS_ENDPOINT_URL_S3": "http://{}:{}".format(*server.get_host_and_port())}
    variables |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    variables |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield S3FileSystem()
    S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture
def s3(s3_server):
    """The same, with one empty bucket ``photos``."""
    s3_server.mkdir("photos")
    yield s3_server
    s3_server.rm("photos", recursive=True)


def upload(photos: Path, filesystem: fsspec.AbstractFileSystem, root: str) -> None:
    for path in photos.rglob("*"):
        if path.is_file():
            filesystem.pipe_file(f"{root}/{path.relative_to(photos)}", path.read_bytes())


def list_reasons(source: ImageSource) -> dict[str, str]:
    return {refusal.path: refusal.reason for refusal in source.refused}


def read_in_workers(sources: Iterable[ImageSource], path: str) -> list[bytes]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return list(pool.map(methodcaller("read", path), sources))


def check_every_kind(root: str, files: dict[str, bytes]) -> list[ImageSource]:
    """Read what lies below `root` as each kind of source; return those of the same files."""
    idx = open_source(f"{root}/idx/train-images-idx3-ubyte.gz")
    assert idx.given["label"].tolist() == ["7", "8"]
    assert idx.read("train-images/00001.bmp")[-4:] == bytes([12, 13, 14, 15])
    assert open_source(f"{root}/set/cats/1.jpg").read("1.jpg") == files["cats/1.jpg"]
    archives = [open_source(f"{root}/{name}") for name in ("a.zip", "a.tar", "a.tar.gz")]
    for source in archives:
        assert source.paths == tuple(files)
        assert [source.read(path) for path in files] == list(files.values())
        assert [source.measure(path) for path in files] == list(map(len, files.values()))
    return archives


@pytest.mark.parametrize("protocol", ["file", "local", "memory"])
def test_every_kind_is_read_in_other_file_systems(photos, memory, files, protocol):
    upload(photos, memory, "/photos")
    root = "memory://photos" if protocol == "memory" else f"{protocol}://{photos}"
    check_every_kind(root, files)
    folder = open_source(f"{root}/set")
    assert folder.location == f"{root}/set"
    assert folder.paths == (*files, "labels.csv")
    assert folder.read("cats/1.jpg") == files["cats/1.jpg"]
    assert folder.measure("cats/1.jpg") == len(files["cats/1.jpg"])
    manifest = open_source(f"{root}/set/labels.csv")
    assert manifest.paths == ("cats/1.jpg", "dogs/1.jpg")
    assert list_reasons(manifest) == {"../1.jpg": "unsafe_path", "dogs/9.jpg": "missing_file"}
    assert open_source(f"{root}/idx").given["label"].tolist() == ["7", "8"]


def test_a_folder_elsewhere_is_listed_with_the_same_care(memory):
    names = ["cats/1.jpg", ".git/1.jpg", "more.zip", "a\\b.jpg", "cats//1.jpg"]
    memory.pipe({f"/photos/{name}": b"bytes" for name in names})
    source = open_source("memory://photos")
    assert source.paths == ()
    assert list_reasons(source) == {
        "a\\b.jpg": "unsafe_path",
        "cats/1.jpg": "listed_twice",
        "more.zip": "nested_archive",
    }


def test_what_is_neither_file_nor_folder_elsewhere_is_refused(memory, monkeypatch):
    entries = {"/photos/1.jpg": "file", "/photos/2.jpg": "link", "/photos/3": "directory"}
    found = {name: {"type": kind, "size": 3} for name, kind in entries.items()}
    memory.pipe_file("/photos/1.jpg", b"one")
    monkeypatch.setattr(MemoryFileSystem, "find", lambda *_, **__: found)
    source = open_source("memory://photos")
    assert source.paths == ("1.jpg",)
    assert source.refused == (("2.jpg", "not_a_file", "a link"),)


def test_a_manifest_elsewhere_may_name_unsafe_paths_alone(memory):
    memory.pipe_file("/photos/labels.csv", b"path,label\n../1.jpg,cat\n")
    assert list_reasons(open_source("memory://photos/labels.csv")) == {"../1.jpg": "unsafe_path"}


def test_files_added_since_are_found(memory):
    memory.pipe_file("/photos/1.jpg", b"one")
    open_source("memory://photos")
    memory.pipe_file("/photos/2.jpg", b"two")
    assert open_source("memory://photos").paths == ("1.jpg", "2.jpg")


def test_a_missing_place_elsewhere_is_an_error(memory):
    with pytest.raises(DataError, match="No images at memory://photos: there is no such") as caught:
        open_source("memory://photos")
    assert "holds" not in str(caught.value)


@pytest.mark.parametrize("uri", ["gs://bucket/photos", "nonsense://photos"])
def test_a_missing_driver_is_an_error_that_says_what_to_install(uri, monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(DataError, match=rf'{uri} cannot be opened: .*"onion-pipeline\[remote\]"'):
        open_source(uri)


def test_every_kind_is_read_from_the_web(photos, serve, files):
    address = serve(photos)
    archives = check_every_kind(address, files)
    folder = open_source(f"{address}/set/")
    assert folder.paths == (*files, "labels.csv")
    assert [folder.measure(path) for path in files] == list(map(len, files.values()))
    manifest = open_source(f"{address}/set/labels.csv")
    assert manifest.paths == ("cats/1.jpg", "dogs/1.jpg", "dogs/9.jpg")
    assert manifest.read("dogs/1.jpg") == files["dogs/1.jpg"]
    with pytest.raises(FileNotFoundError, match="dogs/9"):
        manifest.read("dogs/9.jpg")
    found = read_in_workers([folder, manifest, *archives], "cats/1.jpg")
    assert found == [files["cats/1.jpg"]] * 5


def test_names_are_put_into_addresses_and_back(photos, serve, write_files):
    files = {"set/1/é #1?.jpg": b"odd", "set/1/100%25.jpg": b"odder"}
    write_files(photos, files | {"set/1/list.csv": "path,label\né #1?.jpg,x\n".encode()})
    address = serve(photos)
    folder = open_source(f"{address}/set/1/")
    assert folder.paths == ("100%25.jpg", "list.csv", "é #1?.jpg")
    assert folder.read("100%25.jpg") == b"odder"
    assert folder.read("é #1?.jpg") == b"odd"
    assert open_source(f"{address}/set/1/list.csv").read("é #1?.jpg") == b"odd"


def test_credentials_in_an_address_are_used_and_never_shown(photos, serve, files):
    address = serve(photos).replace("://", "://me:secret@")
    source = open_source(f"{address}/a.zip?token=secret")
    assert source.read("cats/1.jpg") == files["cats/1.jpg"]
    assert source.location.endswith("/a.zip?...")
    with pytest.raises(DataError) as caught:
        open_source(f"{address}/none.zip?token=secret")
    for text in (source.location, str(caught.value)):
        assert "secret" not in text
        assert "me@" not in text


def test_a_server_that_sends_no_parts_serves_what_is_read_whole(
    photos, serve, web_without_ranges, files
):
    address = serve(photos, web_without_ranges)
    assert open_source(f"{address}/a.tar.gz").read("cats/1.jpg") == files["cats/1.jpg"]
    assert open_source(f"{address}/set/labels.csv").paths[0] == "cats/1.jpg"
    with pytest.raises(OSError, match=r"\d+ bytes came instead of 5"):
        open_source(f"{address}/a.tar").read("cats/1.jpg")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_server_that_sends_no_parts_of_a_large_archive_is_an_error(
    pack_files, serve, web_without_ranges, kind
):
    path = pack_files(kind, {"1.jpg": random.randbytes(12 << 20)})
    with pytest.raises(DataError, match="doesn't appear to support range requests"):
        open_source(f"{serve(path.parent, web_without_ranges)}/{path.name}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_cannot_be_reached_is_an_error(scheme):
    with pytest.raises(DataError, match=r"a\.zip cannot be read: .*Cannot connect to host 127"):
        open_source(f"{scheme}://127.0.0.1:9/a.zip")


def test_an_address_that_is_not_there_is_told_from_a_server_that_is_not(photos, serve):
    assert find_place(f"{serve(photos)}/none.zip").find_kind() is None


@pytest.mark.slow
def test_every_kind_is_read_from_s3(photos, s3, files):
    upload(photos, s3, "photos")
    archives = check_every_kind("s3://photos", files)
    folder = open_source("s3://photos/set")
    assert folder.paths == (*files, "labels.csv")
    assert [folder.measure(path) for path in files] == list(map(len, files.values()))
    manifest = open_source("s3://photos/set/labels.csv")
    assert manifest.paths == ("cats/1.jpg", "dogs/1.jpg")
    assert list_reasons(manifest) == {"../1.jpg": "unsafe_path", "dogs/9.jpg": "missing_file"}
    found = read_in_workers([folder, manifest, *archives], "cats/1.jpg")
    assert found == [files["cats/1.jpg"]] * 5


def test_a_whole_bucket_may_be_named_and_keys_may_be_odd(s3):
    names = ["cats/é #1?.jpg", "cats/../1.jpg", "cats/100%25.jpg", "cats/.DS_Store"]
    s3.pipe({f"photos/{name}": b"bytes" for name in names})
    s3.call_s3("put_object", Bucket="photos", Key="dogs/")  # how consoles make a folder
    source = open_source("s3://photos")
    assert source.paths == ("cats/100%25.jpg", "cats/é #1?.jpg")
    assert list_reasons(source) == {"cats/../1.jpg": "unsafe_path"}
    assert source.read("cats/é #1?.jpg") == b"bytes"


def test_a_worker_is_sent_little_of_a_bucket(s3):
    s3.pipe({f"photos/{number:03}.jpg": b"bytes" for number in range(60)})
    source = open_source("s3://photos")
    assert len(pickle.dumps(source.select(source.paths[:10]))) < 1500


@pytest.mark.parametrize("location", ["s3://photos/none", "s3://nowhere/a.zip", "s3://nowhere"])
def test_a_missing_bucket_or_key_is_an_error(s3, location):
    with pytest.raises(DataError, match=f"No images at {location}: there is no such"):
        open_source(location)


def test_missing_credentials_are_an_error(s3, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    S3FileSystem.clear_instance_cache()
    with pytest.raises(DataError, match=r"s3://photos/a\.zip cannot be read: .*redentials"):
        open_source("s3://photos/a.zip")
    S3FileSystem.clear_instance_cache()


def test_an_archive_that_has_changed_elsewhere_is_listed_anew(photos, memory, pack_zip):
    upload(photos, memory, "/photos")
    open_source("memory://photos/a.zip")
    with zipfile.ZipFile(photos / "a.zip", "a") as archive:
        archive.writestr("birds/1.jpg", b"a bird")
    upload(photos, memory, "/photos")
    assert open_source("memory://photos/a.zip").read("birds/1.jpg") == b"a bird"
