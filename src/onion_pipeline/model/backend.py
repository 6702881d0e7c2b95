"""TensorFlow under Keras: imported late, quietly, and with its threads pinned."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from onion_pipeline.workers.parallel import count_processors


@cache
def import_keras() -> Any:
    """Return the ``keras`` module on a quiet TensorFlow.

    The number of threads is pinned to the processors of this process, because sums over
    another number of threads differ in their last bits.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        import keras
        import tensorflow as tf

        # Somebody else, a notebook perhaps, may have started TensorFlow with their own number.
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(count_processors())
        tf.config.list_logical_devices()  # starts TensorFlow, which has more lines to say
    return keras


@contextmanager
def allow_retracing() -> Iterator[None]:
    """Let many networks be compiled in the block, each of which may be for a few steps only.

    TensorFlow counts how often functions of the same lines of code are compiled, and takes
    one network after the other for one whose shapes change.
    """
    logger = logging.getLogger("tensorflow")

    def is_other(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hold back what C++ code writes to stderr; show it only if the block fails.

    TensorFlow 2.21 writes some lines through absl before its log level is read
    (tensorflow/tensorflow#100442), which no environment variable prevents.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(kept, held_back.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
