import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from filelock import FileLock
from sqlalchemy import event
from sqlalchemy.engine import Engine

from onion_pipeline.errors import StoreOutageError
from onion_pipeline.tracking import mlflow_client
from onion_pipeline.tracking.mlflow_client import import_client, prepare_database
from onion_pipeline.tracking.outage import TRACKING_URI, ask_store
from onion_pipeline.tracking.runs import start_run

PROCESSES = 4
RUN = """
import sys
from pathlib import Path
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import start_run
run_id = start_run("onions", "photos", Path(sys.argv[1]), {"seed": 1}, {})
import_client().set_terminated(run_id)
"""


@pytest.fixture
def impatient(monkeypatch):
    """Waiting takes a fifth of a second, in MLflow's own transactions too."""

    def shorten(connection, cursor, statement, parameters, *context):
        return statement.replace("busy_timeout = 20000", "busy_timeout = 200"), parameters

    monkeypatch.setattr(mlflow_client, "LONGEST_LOCK", 0.2)
    monkeypatch.setattr(mlflow_client, "LONGEST_MAKING", 0.2)
    event.listen(Engine, "before_cursor_execute", shorten, retval=True)
    yield
    event.remove(Engine, "before_cursor_execute", shorten)


@pytest.mark.slow
def test_several_processes_begin_with_a_fresh_file_at_once(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    monkeypatch.setenv(TRACKING_URI, uri)
    monkeypatch.setenv("PYTHONPATH", "src")
    command = [sys.executable, "-c", RUN, str(tmp_path / "kept")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(PROCESSES)]
    said = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, said
    client = import_client()
    (experiment,) = [e for e in client.search_experiments() if e.name == "onions"]
    runs = client.search_runs([experiment.experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * PROCESSES


def test_a_file_that_another_process_has_locked_counts_as_down(
    mlflow_store, monkeypatch, impatient
):
    with closing(sqlite3.connect(mlflow_store / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreOutageError, match="database is locked"), ask_store():
            import_client()
        other.rollback()
    assert import_client().search_experiments()


def test_a_file_that_is_locked_later_counts_as_down(mlflow_store, impatient):
    client = import_client()
    with closing(sqlite3.connect(mlflow_store / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreOutageError, match="database is locked"), ask_store():
            start_run("onions", "photos", mlflow_store, {}, {})
        other.rollback()
    assert client.search_experiments()


def test_tables_that_are_made_for_too_long_count_as_down(tmp_path, monkeypatch, impatient):
    monkeypatch.setenv(TRACKING_URI, f"sqlite:///{tmp_path / 'mlflow.db'}")
    with (
        FileLock(tmp_path / "mlflow.db.lock"),
        pytest.raises(StoreOutageError, match=r"mlflow\.db\.lock"),
        ask_store(),
    ):
        import_client()


@pytest.mark.parametrize("content", [b"no database", None])
def test_a_file_that_is_no_database_counts_as_down_at_once(tmp_path, monkeypatch, content):
    path = tmp_path / "mlflow.db"
    if content:
        path.write_bytes(content)
    else:
        path.mkdir()
    monkeypatch.setenv(TRACKING_URI, f"sqlite:///{path}")
    with pytest.raises(StoreOutageError, match="database"), ask_store():
        import_client()


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1", "sqlite:///:memory:", "sqlite://"])
def test_other_stores_are_left_alone(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepare_database(uri)
    assert list(tmp_path.iterdir()) == []
