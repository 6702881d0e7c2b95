import csv
import io
import tarfile
from pathlib import Path

import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding.decoder import RejectedImageError, decode_image, read_header
from onion_pipeline.images.index import index_images
from onion_pipeline.images.sources import open_source

ARCHIVE = Path(__file__).parents[4] / "shared" / "data" / "hostile-images.tar.gz"
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
# Sound by the manifest, but outside our policy: one frame, and sides that a network can use.
POLICY = {"animated", "too_many_pixels"}
# Files that the manifest expects to load and that we refuse, with the reason of each.
REFUSED = {
    "gdk-pixbuf/reftests/bug696331.png": "its last block is cut short",
    "image-rs/images/bmp/images/V3_X4_R4_G4_B4.bmp": "4-bit channels, which Pillow lacks",
    "image-rs/images/bmp/images/pal2color.bmp": "2-bit palette, which Pillow lacks",
    "image-rs/images/bmp/images/rgb24rle24.bmp": "OS/2 compression, which Pillow lacks",
    "image-rs/images/bmp/images/rgba16-1924.bmp": "16-bit RGBA, which Pillow lacks",
    "image-rs/images/tiff/testsuite/rgb32f_color.tiff": "floating point colours",
    "libjpeg-turbo/testorig12.jpg": "12-bit JPEG, which Pillow lacks",
    "pillow/bmp/g/rgb32bf.bmp": "unusual bit fields, which Pillow lacks",
    "pillow/tiff_tiled_jpeg_oob_read.tif": "damaged tiles; Pillow's test opens the header only",
    "pillow/ultrahdr.jpg": "cut short; Pillow's test opens the header only",
    "pillow/unknown_compression_method.png": "damaged profile block, which Pillow refuses",
}
# Files that the manifest expects to be refused and that load.
ACCEPTED = {"gdk-pixbuf/premature-end.png": "cut short by name, yet every block and pixel is there"}


@pytest.fixture(scope="module")
def hostile_files() -> dict[str, tuple[str, bytes]]:
    """What is expected of each file, and its bytes; nothing is unpacked to disk."""
    if not ARCHIVE.exists():
        pytest.skip(f"the hostile images are not on this machine: {ARCHIVE}")
    with tarfile.open(ARCHIVE) as archive:
        root = "hostile-images/"
        data = {
            member.name.removeprefix(root): archive.extractfile(member).read()
            for member in archive
            if member.isfile()
        }
    rows = csv.DictReader(io.StringIO(data["manifest.csv"].decode()))
    return {row["file"]: (row["expected"], data[row["file"]]) for row in rows}


def find_outcome(data: bytes) -> str:
    try:
        read_header(data)
        decode_image(data, (8, 8, 3))
    except RejectedImageError as error:
        return error.reason
    return "loads"


@pytest.fixture(scope="module")
def outcomes(hostile_files) -> dict[str, tuple[str, str]]:
    """Expected and found outcome of each image; any other exception fails the tests."""
    return {
        name: (expected, find_outcome(data))
        for name, (expected, data) in hostile_files.items()
        if not name.startswith("zip/")
    }


def test_sound_images_load_but_for_our_policy(outcomes):
    refused = {
        name
        for name, (expected, found) in outcomes.items()
        if expected == "loads"
        and found not in {"loads", *POLICY}
        and Path(name).suffix.lower() in SUFFIXES
    }
    assert refused == set(REFUSED)


def test_images_of_other_formats_are_refused_as_such(outcomes):
    others = {
        name: found
        for name, (expected, found) in outcomes.items()
        if expected == "loads" and Path(name).suffix.lower() not in SUFFIXES
    }
    assert set(others.values()) == {"unsupported_format"}


def test_broken_images_are_rejected(outcomes):
    accepted = {name for name, outcome in outcomes.items() if outcome == ("rejected", "loads")}
    assert accepted == set(ACCEPTED)


def index_archive(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        index = index_images(open_source(path))
    except DataError:
        return
    assert index["reason"].notna().all()


def list_archives(hostile_files) -> set[str]:
    return {name for name in hostile_files if name.endswith(".zip")}


def test_hostile_archives_are_refused_or_quarantined(hostile_files, tmp_path):
    names = list_archives(hostile_files)
    assert names
    for name in names:
        index_archive(tmp_path / "images.zip", hostile_files[name][1])
    assert [path.name for path in tmp_path.iterdir()] == ["images.zip"]
