import signal

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # runs in processes of their own


def test_the_second_run_names_the_first_and_a_killed_one_locks_nobody_out(
    start_ingest, photo_folder, project
):
    first = start_ingest()
    first.wait_for("index_images")
    first.process.send_signal(signal.SIGSTOP)  # so that it is under way for as long as need be
    second = start_ingest(photo_folder)
    assert second.wait() == 1
    assert second.said.count("Error: Another run is under way in this project") == 1
    assert f"process {first.process.pid} on " in second.said
    assert "runs ingest" in second.said
    assert "Traceback" not in second.said
    first.process.kill()
    first.wait()
    third = start_ingest(photo_folder, "--to-nodes", "ingest.decode_images")
    assert third.wait() == 0, third.said
    assert len(np.load(project / "data/02_intermediate/decoded_images.npy")) == 20
