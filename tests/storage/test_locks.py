import errno
import json
import os
import signal
import subprocess
import sys

import pytest
from filelock import FileLock

from onion_pipeline.errors import LockedError
from onion_pipeline.storage.locks import hold_lock

FORK = """
import os, signal, sys, time
from pathlib import Path
from onion_pipeline.storage.locks import hold_lock
with hold_lock(Path(sys.argv[1]), "work"):
    ready, begun = os.pipe()
    child = os.fork()
    if not child:
        os.write(begun, b"x")
        time.sleep(60)
    os.read(ready, 1)
    print(child, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / ".run.lock"


def test_the_second_one_is_told_who_is_the_first(path):
    named = rf"process {os.getpid()} on .*, since \d{{4}}-.*, runs ingest\. Two"
    with hold_lock(path, "ingest"):
        with pytest.raises(LockedError, match=named), hold_lock(path, "train"):
            pass
        assert json.loads(path.with_suffix(".json").read_text())["work"] == "ingest"


def test_a_lock_is_given_back_after_success_and_after_failure(path):
    for _ in range(2):
        with pytest.raises(KeyError), hold_lock(path, "one"):
            raise KeyError
    assert not path.with_suffix(".json").exists()


def test_a_holder_that_has_not_said_who_it_is_locks_as_well(path):
    path.parent.mkdir()
    with FileLock(path), pytest.raises(LockedError, match=r"run\.json will name it"):
        hold_lock(path, "other").__enter__()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_process_that_outlives_its_killed_parent_has_no_lock(path):
    command = [sys.executable, "-c", FORK, str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    child = int(killed.stdout.readline())
    try:
        assert killed.wait() == -signal.SIGKILL
        with hold_lock(path, "after it"):
            assert json.loads(path.with_suffix(".json").read_text())["work"] == "after it"
    finally:
        os.kill(child, signal.SIGKILL)
        killed.stdout.close()


def test_a_file_system_without_locks_is_a_warning(path, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    with hold_lock(path, "work"):
        assert "start no other run here" in caplog.text
