import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onion_pipeline.model import backend
from onion_pipeline.workers.parallel import count_processors

SOURCE = Path(__file__).parents[2] / "src"
PROGRAM = """
from onion_pipeline.model.backend import allow_retracing, import_keras
keras = import_keras()
import tensorflow as tf
with allow_retracing():
    for _ in range(6):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.predict_on_batch(tf.zeros((1, 2)))
print(keras.config.backend(), tf.config.threading.get_intra_op_parallelism_threads())
"""


@pytest.fixture(scope="module")
def program():
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_"))}
    environment = inherited | {"PYTHONPATH": str(SOURCE), "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
def test_neither_the_import_nor_one_network_after_the_other_says_anything_on_stderr(program):
    assert program.stderr == ""
    assert program.returncode == 0


def test_keras_runs_on_tensorflow_with_as_many_threads_as_processors(program):
    assert program.stdout.split() == ["tensorflow", str(count_processors())]


def test_threads_that_somebody_else_has_pinned_are_left_alone(keras, monkeypatch):
    import tensorflow as tf

    pinned = tf.config.threading.get_intra_op_parallelism_threads()
    monkeypatch.setattr(backend, "count_processors", lambda: pinned + 1)
    backend.import_keras.__wrapped__()
    assert tf.config.threading.get_intra_op_parallelism_threads() == pinned


def test_what_is_written_to_stderr_is_held_back(capfd):
    with backend._quiet_stderr():
        os.write(2, b"noise")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_what_was_held_back_is_shown_if_the_import_fails(capfd):
    def fail():
        with backend._quiet_stderr():
            os.write(2, b"reason")
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err == "reason"


def test_retracing_alone_is_allowed_and_in_the_block_alone(keras, caplog):
    logger = logging.getLogger("tensorflow")
    retraced = "5 out of the last 5 calls to %s triggered tf.function retracing."
    with backend.allow_retracing():
        logger.warning(retraced, "step")
        logger.warning("something else")
    logger.warning(retraced, "predict")
    said = [record.args or record.msg for record in caplog.records]
    assert said == ["something else", ("predict",)]
