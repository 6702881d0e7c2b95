"""MLflow and its client as this project uses them, on a store whose tables are there."""

import logging
import os
import sqlite3
import warnings
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from onion_pipeline.annotations import MlflowClient

# How MLflow asks a server, unless the user has set it: twice, so that one hiccup is no outage,
# and within 15 s. Its own defaults make it half an hour, and more if the server says so.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "7",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.5",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
SQLITE = "sqlite:///"
# How long to wait for others, in seconds: for a lock on the file, for which MLflow waits as long in
# its own transactions, and for tables, which take seconds to make, and more where much else runs.
LONGEST_LOCK = 20.0
LONGEST_MAKING = 60.0


def import_mlflow() -> Any:
    """Return ``mlflow``, which waits, draws and logs less than by default, and reports nothing."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    # No bar for each file of some kilobytes, and no complaint that a notebook cannot draw one.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        import mlflow

    # After the import, which sets these itself: creating the tables takes nine lines.
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # What these log is raised, too.
    for name in ("mlflow.store.db.utils", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return mlflow


def import_client() -> MlflowClient:
    """Return a client of the store that ``MLFLOW_TRACKING_URI`` names, made if need be.

    It does not wait long for a server; see :mod:`onion_pipeline.tracking.outage`.
    """
    mlflow = import_mlflow()
    prepare_database(mlflow.get_tracking_uri())  # before a client, which would make the tables
    return mlflow.MlflowClient()


@cache
def prepare_database(uri: str) -> None:
    """Make the tables of a SQLite store unless they are there; other stores have theirs.

    MLflow looks for the tables and makes them without a lock, and processes that do so at once
    leave half of them.

    Raises:
        OSError: another process has been making the tables for too long.
        sqlite3.Error: the file is locked, cannot be opened, or is none of SQLite's.
    """
    path = uri.removeprefix(SQLITE).partition("?")[0]
    if path == uri or path in {"", ":memory:"}:
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if not _is_made(path):
        import mlflow
        from filelock import FileLock

        with FileLock(f"{path}.lock", timeout=LONGEST_MAKING):
            if not _is_made(path):
                mlflow.MlflowClient(uri, uri).search_experiments(max_results=1)  # makes them


def _is_made(path: str) -> bool:
    """Tell whether a store is complete: its first experiment is what MLflow makes last.

    Fails if the file cannot be read: MLflow would try ten times, for two minutes.
    """
    with closing(sqlite3.connect(path, timeout=LONGEST_LOCK)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE name = 'experiments'")
        if not names.fetchone():
            return False
        return connection.execute("SELECT 1 FROM experiments").fetchone() is not None
