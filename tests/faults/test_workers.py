import os
import signal

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # runs in processes of their own

WORKER = "loky.backend.popen"


def find_workers(run):
    """Return the workers of a run, once it has some."""
    while run.process.poll() is None:
        workers = run.find_processes(WORKER)
        if workers:
            return workers
    raise AssertionError(f"the run ended without a worker: {run.said}")


def test_a_run_goes_on_when_a_worker_is_killed(start_ingest, project):
    run = start_ingest(None, "--to-nodes", "ingest.decode_images")
    run.wait_for("index_images")
    os.kill(find_workers(run)[0], signal.SIGKILL)
    assert run.wait() == 0, run.said
    images = np.load(project / "data/02_intermediate/decoded_images.npy", mmap_mode="r")
    assert len(images) == 5000


def test_workers_end_with_a_run_that_is_killed(start_ingest):
    run = start_ingest(None, "--to-nodes", "ingest.decode_images")
    run.wait_for("index_images")
    assert find_workers(run)
    os.kill(run.process.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL  # which reads what they may write until they end
    assert run.find_processes(WORKER) == []
