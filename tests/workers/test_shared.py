import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from onion_pipeline.workers.parallel import map_chunks
from onion_pipeline.workers.shared import create_shared, share_array

KIND = np.dtype([("image", np.uint8, (2, 2)), ("label", np.int64)])
KILLED = """
import os, signal, sys
from onion_pipeline.workers.shared import create_shared
import numpy as np
with create_shared(np.dtype(np.uint8), (1 << 20,)) as shared:
    shared.open()[...] = 1
    print(shared.path, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def add_one(shared):
    array = shared.open()
    array["label"] += 1
    return int(array["label"].sum())


@pytest.fixture
def labelled():
    images = np.zeros(5, KIND)
    images["image"] = np.arange(20).reshape(5, 2, 2)
    images["label"] = np.arange(5)
    return images


@pytest.fixture(params=[True, False])
def anywhere(request, monkeypatch, tmp_path):
    """Linux, and a system that cannot share memory without a file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if not request.param:
        monkeypatch.delattr(os, "memfd_create", raising=False)


def test_other_processes_see_and_change_the_same_bytes(anywhere):
    with create_shared(KIND, (5,)) as shared:
        sums = list(map_chunks(add_one, [shared] * 8, workers=2))
        assert sum(shared.open()["label"]) in (40, sums[-1])
        assert shared.open()["image"].sum() == 0


def test_nothing_is_left_of_it(anywhere, tmp_path):
    with create_shared(KIND, (5,)) as shared:
        assert Path(shared.path).exists()
    assert not Path(shared.path).exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="only Linux shares without a file")
def test_nothing_is_left_of_it_after_a_kill(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -9
    assert not Path(killed.stdout.strip()).exists()
    assert list(tmp_path.iterdir()) == []


def test_an_array_in_memory_is_copied(labelled):
    with share_array(labelled) as shared:
        opened = shared.open("r")
        np.testing.assert_array_equal(opened, labelled)
        with pytest.raises(ValueError, match="read-only"):
            opened["label"] = 0


def test_a_memory_mapped_file_is_opened_itself(labelled, tmp_path):
    np.save(tmp_path / "images.npy", labelled)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    with share_array(mapped) as shared:
        assert shared.path == str(tmp_path / "images.npy")
        np.testing.assert_array_equal(shared.open("r"), labelled)


@pytest.mark.parametrize("select", [lambda m: m[2:], lambda m: m[::2], lambda m: m["label"]])
def test_a_part_of_a_mapped_file_is_shared_as_what_it_is(labelled, tmp_path, select):
    np.save(tmp_path / "images.npy", labelled)
    part = select(np.load(tmp_path / "images.npy", mmap_mode="r"))
    with share_array(part) as shared:
        np.testing.assert_array_equal(shared.open("r"), part)
