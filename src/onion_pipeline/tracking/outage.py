"""When MLflow does not answer: one failure, one warning, and a run that goes on without it.

Whether it has failed in this ``kedro run`` reaches every thread and process of the run: an
environment variable names a file that is there from the first failure on.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.images.sources import hide_credentials

logger = logging.getLogger(__name__)

TRACKING_URI = "MLFLOW_TRACKING_URI"
MARK = "ONION_PIPELINE_MLFLOW_OUTAGE"
COMMAND = "ONION_PIPELINE_REGISTER_COMMAND"
REGISTER = "kedro run --pipelines register"
# What MLflow calls something that was asked for and cannot be.
MISTAKES = {
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
}
# MLflow, and libraries whose errors it hands on; those of requests and filelock are OSErrors.
CARRIERS = {"azure", "boto3", "botocore", "google", "mlflow", "sqlalchemy", "sqlite3", "urllib3"}
LONGEST_REASON = 300  # characters


def watch_store(command: str = REGISTER) -> None:
    """Begin a run in which MLflow is given up at its first failure.

    `command` tracks and registers later what this run makes.
    """
    os.environ[MARK] = str(Path(tempfile.mkdtemp(prefix="onion_pipeline-")) / "outage")
    os.environ[COMMAND] = hide_credentials(command)


def forget_store() -> None:
    """End that run."""
    os.environ.pop(COMMAND, None)
    mark = os.environ.pop(MARK, None)
    if mark:
        shutil.rmtree(Path(mark).parent, ignore_errors=True)


def find_outage() -> str | None:
    """Return how MLflow has failed in this run, if it has."""
    mark = os.environ.get(MARK)
    return Path(mark).read_text(encoding="utf-8") if mark and Path(mark).is_file() else None


def find_command() -> str:
    """Return the command that tracks and registers later what this run makes."""
    return os.environ.get(COMMAND, REGISTER)


@contextmanager
def ask_store(*, observing: bool = False) -> Iterator[None]:
    """Run a block that asks something of MLflow; what fails there becomes an error of ours.

    Args:
        observing: the block only notes what happens, and MLflow's refusal to do so, perhaps of
            a run that somebody has deleted, is taken for an outage too.

    Raises:
        StoreOutageError: MLflow does not answer, or did not before: then nothing is tried.
        RegistryError: MLflow answers that what was asked for cannot be.
    """
    known = find_outage()
    if known:
        raise StoreOutageError(known)
    try:
        yield
    except Exception as error:
        is_mistake = getattr(error, "error_code", None) in MISTAKES
        if is_mistake and not observing:
            raise RegistryError(f"{_name_store()} refuses: {_explain(error)}.") from error
        is_carried = type(error).__module__.partition(".")[0] in CARRIERS
        # An ImportError is the driver of a database that is not installed.
        if not (is_mistake or is_carried or isinstance(error, ImportError | OSError)):
            raise
        reason = f"{_name_store()} cannot be used: {_explain(error)}."
        _note_outage(reason)
        raise StoreOutageError(reason) from error


@contextmanager
def accept_answer(code: str) -> Iterator[None]:
    """Go on after a block in which MLflow refuses with this code, and for no other reason."""
    from mlflow import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != code:
            raise


def _note_outage(reason: str) -> None:
    """Leave the mark of the first failure of a run, and say so once."""
    mark = os.environ.get(MARK)
    if not mark:
        return
    try:
        with Path(mark).open("x", encoding="utf-8") as file:
            file.write(reason)
    except FileExistsError:
        return  # another thread or process has said it
    logger.warning(
        "%s This run goes on without MLflow. When it can be used again, this tracks and registers "
        "what the run leaves: %s",
        reason,
        find_command(),
    )


def _name_store() -> str:
    address = os.environ.get(TRACKING_URI)
    return f"MLflow at {hide_credentials(address)}" if address else "MLflow"


def _explain(error: Exception) -> str:
    """Return what is at the bottom of an error, in one line.

    A database adds the statement in more lines; what asks a server puts three wrappers before.
    """
    (first, *_) = hide_credentials(str(error)).splitlines() or [type(error).__name__]
    _, caused, cause = first.rpartition("(Caused by ")
    shown = cause.removesuffix(")") if caused else first
    return shown[:LONGEST_REASON].removesuffix(".")
