"""The whole set of hostile files goes through a run as a user's archive would."""

import csv
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "hostile-images.tar.gz"
SOURCE = Path(__file__).parents[2] / "src"
ROOT = "hostile-images/"
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
# Of the files in the set that decode to nothing useful, `test_decoding_hostile.py` says why.
INGEST = """
import sys, warnings
from pathlib import Path
from onion_pipeline.workers import parallel
from onion_pipeline.images.decoding.decoder import DEFAULT_RENDERING
from onion_pipeline.images.index import index_images
from onion_pipeline.images.loading import decode_images
from onion_pipeline.images.quarantine import list_quarantined
from onion_pipeline.images.sources import open_source

warnings.simplefilter("error")
parallel.count_processors = lambda: 1  # so that the peak is that of this process
source = open_source(sys.argv[1])
index = index_images(source)
decoded = decode_images(source, index, (32, 32, 3), DEFAULT_RENDERING).gather()
listed = list_quarantined(source, index, decoded, DEFAULT_RENDERING)
assert len(decoded) + len(listed) == len(index)
listed.to_csv(sys.argv[2], index=False)
# Not getrusage: its peak is at least that of the process which has started this one.
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) >> 10)
"""


@pytest.fixture(scope="module")
def ingested(tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """What a process of its own says of the set, and the reason of each refused file."""
    if not ARCHIVE.exists():
        pytest.skip(f"the hostile images are not on this machine: {ARCHIVE}")
    table = tmp_path_factory.mktemp("hostile") / "quarantine.csv"
    command = [sys.executable, "-c", INGEST, str(ARCHIVE), str(table)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    with table.open(encoding="utf-8", newline="") as file:
        return done, {row["path"].removeprefix(ROOT): row["reason"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    with tarfile.open(ARCHIVE) as archive:
        text = archive.extractfile(f"{ROOT}manifest.csv").read().decode()
    return {row["file"]: row["expected"] for row in csv.DictReader(io.StringIO(text))}


def test_every_file_to_be_rejected_is_quarantined_with_a_reason(ingested, expected):
    _, reasons = ingested
    to_be_rejected = {name for name, wanted in expected.items() if wanted == "rejected"}
    assert len(to_be_rejected) > 50
    missed = {name for name in to_be_rejected if not reasons.get(name)}
    assert missed == {"gdk-pixbuf/premature-end.png"}  # whole but for its name


def test_sound_pictures_of_the_allowed_formats_load(ingested, expected):
    _, reasons = ingested
    sound = {
        name
        for name, wanted in expected.items()
        if wanted == "loads" and name.lower().endswith(SUFFIXES)
    }
    refused = [name for name in sound if name in reasons]
    ours = {"animated", "too_many_pixels", "unsupported_mode"}
    others = {name for name in refused if reasons[name] not in ours}
    assert len(sound) > 400
    assert len(others) <= 11  # each is named in test_decoding_hostile.py


def test_archives_in_the_set_are_not_opened(ingested):
    _, reasons = ingested
    archives = {reason for name, reason in reasons.items() if name.endswith(".zip")}
    assert archives == {"nested_archive"}


def test_nothing_leaks_and_memory_stays_within_the_limits(ingested):
    done, _ = ingested
    assert done.stderr == ""
    mebibytes = int(done.stdout)
    assert mebibytes < 400
