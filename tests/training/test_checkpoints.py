import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from killed_training import make_training

from onion_pipeline.storage.seals import SUFFIX, is_whole
from onion_pipeline.training.checkpoints import ORIGIN, TrainingFolder
from onion_pipeline.training.fit import train_model

PROGRAM = Path(__file__).with_name("killed_training.py")
DESCRIBED = {"parameters": {"train.epochs": 6, "seed": 1}, "code": {"onion_pipeline": "ab"}}


@pytest.fixture
def folder(tmp_path):
    """The folder of a training that has no checkpoint yet."""
    return TrainingFolder(tmp_path / "checkpoints", DESCRIBED)


def write(folder, *steps):
    """Write checkpoints whose only number is that of the epoch."""
    return [folder.write(epoch, block, {"epoch": np.array(epoch)}) for epoch, block in steps]


def read_epoch(folder):
    found = folder.read_last()
    return found and int(found[1]["epoch"])


def flip_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, (0, 0))  # a checksum is not computed twice within one tick of the clock


def list_names(folder):
    return sorted(path.name for path in folder.path.iterdir() if path.suffix == ".npz")


def test_without_a_checkpoint_there_is_none_and_no_folder(folder):
    assert folder.read_last() is None
    assert not folder.path.parent.exists()


def test_arrays_come_back_as_they_were(folder):
    arrays = {
        "none": np.zeros((0, 3), np.float32),
        "seeds": np.array([2**32 - 1, 7], np.uint32),
        "text": np.array('{"least": Infinity}'),
        "weights": np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32),
    }
    path = folder.write(3, 0, arrays)
    found, read = folder.read_last()
    assert found == path
    assert path.name == "epoch-0003-block-0000.npz"
    assert set(read) == set(arrays)
    for name, array in arrays.items():
        assert (read[name].dtype, read[name].tobytes()) == (array.dtype, array.tobytes())


def test_the_last_two_are_kept_and_nothing_else(folder):
    write(folder, (1, 0), (1, 7), (2, 0))
    assert list_names(folder) == ["epoch-0001-block-0007.npz", "epoch-0002-block-0000.npz"]
    (folder.path / ".epoch-0002-block-0001.99.npz").touch()  # of a process that was killed
    write(folder, (2, 3))
    names = ["epoch-0002-block-0000.npz", "epoch-0002-block-0003.npz", ORIGIN]
    assert {path.name for path in folder.path.iterdir()} == {
        name + suffix for name in names for suffix in ("", SUFFIX)
    }


def test_the_order_is_that_of_the_steps_and_not_of_time_or_letters(folder):
    (earlier, later) = write(folder, (9999, 99999), (10000, 2))
    os.utime(earlier, (2e9, 2e9))
    os.utime(later, (0, 0))
    assert read_epoch(folder) == 10000


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(folder, caplog):
    _, last = write(folder, (1, 0), (2, 0))
    flip_byte(last)
    assert read_epoch(folder) == 1
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(last) in record.getMessage()


def test_a_damaged_checkpoint_is_none_of_the_two_that_are_kept(folder, caplog):
    _, last = write(folder, (1, 0), (2, 0))
    flip_byte(last)
    folder.read_last()
    write(folder, (1, 4))
    assert list_names(folder) == ["epoch-0001-block-0000.npz", "epoch-0001-block-0004.npz"]


def test_if_all_are_damaged_there_is_none(folder, caplog):
    for path in write(folder, (1, 0), (2, 0)):
        flip_byte(path)
    assert folder.read_last() is None
    assert len(caplog.records) == 2


def test_a_checkpoint_without_its_seal_was_never_finished(folder, caplog):
    _, last = write(folder, (1, 0), (2, 0))
    last.with_name(last.name + SUFFIX).unlink()
    assert read_epoch(folder) == 1
    assert not caplog.records


def test_a_checkpoint_of_another_training_is_refused_wherever_it_lies(folder, caplog):
    other = TrainingFolder(folder.path.parent, {"code": {"onion_pipeline": "cd"}})
    (foreign,) = write(other, (5, 0))
    write(folder, (1, 0))
    for name in (foreign.name, foreign.name + SUFFIX):
        shutil.copy(other.path / name, folder.path / name)
    assert read_epoch(folder) == 1
    assert foreign.name in caplog.text


def test_other_trainings_are_kept_until_this_one_has_finished(folder, caplog):
    changed = {**DESCRIBED, "parameters": {"train.epochs": 8, "seed": 1}}
    other = TrainingFolder(folder.path.parent, changed)
    write(folder, (1, 0))
    with caplog.at_level(logging.INFO):
        assert other.read_last() is None
    (message,) = caplog.messages
    assert f"{folder.path} holds checkpoints" in message
    assert "differs in parameters (train.epochs 6 -> 8)." in message
    write(other, (1, 0), (2, 0))
    assert read_epoch(folder) == 1
    bystander = folder.path.parent / "notes"
    bystander.mkdir()
    other.finish()
    assert not folder.path.exists()
    assert bystander.is_dir()
    assert list_names(other) == ["epoch-0002-block-0000.npz"]


def test_the_folder_says_what_the_training_is_made_of(folder):
    write(folder, (1, 0))
    assert is_whole(folder.path / ORIGIN)
    assert json.loads((folder.path / ORIGIN).read_text()) == DESCRIBED


def test_a_failed_write_leaves_the_checkpoints_before_it(folder, monkeypatch):
    write(folder, (1, 0), (2, 0))
    before = {path.name for path in folder.path.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", lambda *arguments, **arrays: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(folder, (3, 0))
    assert {path.name for path in folder.path.iterdir()} == before
    assert read_epoch(folder) == 2


def run_program(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[2] / "src")}
    return subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_training_that_is_killed_again_and_again_ends_as_if_it_had_not_been(tmp_path, keras):
    """Killed between two checkpoints of an epoch, and while one of the next epoch is written."""
    precision = "mixed_bfloat16"  # test_checkpointing.py interrupts trainings in both
    checkpoints, result = tmp_path / "checkpoints", tmp_path / "result.npz"
    said = []
    for place in ("after 2", "within 3"):
        killed = run_program(checkpoints, result, place, precision)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert not result.exists()
        said.append(killed.stderr)
    assert "resumed" not in said[0]
    assert "resumed at epoch 1, step 5 of 5" in said[1]
    assert len(list(checkpoints.glob("*/.epoch-0001-block-0001.*.npz"))) == 1
    last = run_program(checkpoints, result, "never", precision)
    assert last.returncode == 0, last.stderr
    assert "resumed at epoch 2, step 1 of 5" in last.stderr
    trained = train_model(*make_training(precision))
    with np.load(result) as arrays:
        resumed = [arrays[name] for name in sorted(arrays)]
    expected = [*trained.model.get_weights(), trained.history.to_numpy(np.float64)]
    assert [a.tobytes() for a in resumed] == [a.tobytes() for a in expected]
