import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # runs in processes of their own


def test_a_run_that_is_stopped_says_so_in_one_line_and_leaves_no_process(start_ingest):
    run = start_ingest()
    run.wait_for("index_images")
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.wait() == 130
    # Kedro-Viz may warn of it too, if it comes while one of its hooks is at work.
    assert len([line for line in run.said.splitlines() if line.startswith("Error: Stopped")]) == 1
    assert "same command goes on" in run.said
    for noise in ("Traceback", "KeyboardInterrupt", "not run"):
        assert noise not in run.said
    assert run.find_processes("loky.backend.popen") == []


def test_a_run_by_processes_ends_as_well(start_ingest, photo_folder):
    run = start_ingest(photo_folder, "--runner", "ParallelRunner")
    run.wait_for("find_duplicates")
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.wait() == 130
    assert run.said.count("Error: Stopped by Ctrl-C") == 1
    assert run.find_processes("kedro") == []


def test_no_picture_is_refused_because_of_a_signal():
    code = (
        "import os, signal\n"
        "from PIL import Image\n"
        "from onion_pipeline.images.decoding.decoder import decode_image\n"
        "from onion_pipeline.workers.signals import hear_signals\n"
        "Image.open = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\n"
        "with hear_signals():\n"
        "    decode_image(b'a picture', (1, 1, 3))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "InterruptedRunError: Stopped by Ctrl-C" in said.stderr
    assert "RejectedImageError" not in said.stderr
