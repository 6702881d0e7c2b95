import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.tracking import outage
from onion_pipeline.tracking.mlflow_client import PATIENCE, import_client
from onion_pipeline.tracking.outage import ask_store, find_outage, forget_store, watch_store

CREDENTIALS = "postgresql://annabel:s3cr-t@db.example.org/mlflow?sslpassword=hidden"


@pytest.fixture
def watched(monkeypatch):
    """A run in which the store is watched."""
    monkeypatch.setenv(outage.TRACKING_URI, "http://mlflow.example.org")
    watch_store("kedro run --pipelines register --params images=photos")
    yield
    forget_store()


def fail(message="no route to host"):
    with ask_store():
        raise ConnectionError(message)


def test_what_mlflow_waits_for_one_answer_is_less_than_half_a_minute():
    from urllib3.util import Retry

    names = ("TIMEOUT", "MAX_RETRIES", "BACKOFF_FACTOR", "BACKOFF_JITTER")
    timeout, retries, factor, jitter = (
        float(PATIENCE[f"MLFLOW_HTTP_REQUEST_{name}"]) for name in names
    )
    retry = Retry(int(retries), backoff_factor=factor)
    slept = 0.0
    for _ in range(int(retries)):
        retry = retry.increment("GET", "/", error=TimeoutError())
        slept += retry.get_backoff_time() + jitter
    # Twice: a thread may ask just before another one has had no answer.
    assert 2 * (timeout * (1 + retries) + slept) <= 30
    assert PATIENCE["MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER"] == "false"


def test_mlflow_reads_the_patience_and_the_user_has_the_last_word(monkeypatch, mlflow_store):
    from mlflow import environment_variables

    for name in PATIENCE:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    import_client()
    read = {name: getattr(environment_variables, name).get() for name in PATIENCE}
    assert read == {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": 60,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": 1,
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": 1,
        "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": 0.5,
        "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": False,
    }


@pytest.mark.parametrize("fault", ["refuses", "hangs", "fails"])
def test_a_server_that_is_down_is_asked_once_and_named_once(fake_mlflow, caplog, fault):
    server = fake_mlflow(fault)
    watch_store()
    try:
        for _ in range(3):
            with pytest.raises(StoreOutageError, match=server.address), ask_store():
                import_client().set_terminated("abc", "FINISHED")
    finally:
        forget_store()
    assert server.requests <= 1
    (record,) = caplog.records
    assert server.address in record.getMessage()
    assert record.getMessage().endswith(": kedro run --pipelines register")


def test_after_the_first_failure_nothing_is_tried(watched):
    with pytest.raises(StoreOutageError, match="no route to host"):
        fail()
    with pytest.raises(StoreOutageError, match="no route to host"), ask_store():
        raise AssertionError("MLflow was asked again")


def test_threads_fail_once_and_warn_once(watched, caplog):
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(fail) for _ in range(32)]
    assert {type(answer.exception()) for answer in answers} == {StoreOutageError}
    (record,) = caplog.records
    assert record.getMessage().endswith("--pipelines register --params images=photos")


def test_another_process_knows_of_the_failure_and_tells_of_its_own(watched, caplog):
    script = "from onion_pipeline.tracking.outage import *\n"
    ask = "with ask_store():\n    raise ConnectionError('no route to host')"

    def run(lines):
        return subprocess.run(
            [sys.executable, "-c", script + lines],
            env={**os.environ, "PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            check=False,
        )

    first = run(ask)
    assert "This run goes on without MLflow" in first.stderr
    assert "no route to host" in find_outage()
    second = run(ask)
    assert "This run goes on" not in second.stderr
    assert "StoreOutageError" in second.stderr
    with pytest.raises(StoreOutageError):
        fail()
    assert caplog.records == []


def test_a_run_that_has_ended_leaves_neither_mark_nor_file(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    watch_store()
    with pytest.raises(StoreOutageError):
        fail()
    forget_store()
    assert list(tmp_path.iterdir()) == []
    assert (find_outage(), outage.find_command()) == (None, outage.REGISTER)


def test_a_mistake_is_no_outage_unless_the_block_only_observes(watched, mlflow_store, caplog):
    with pytest.raises(RegistryError, match="refuses") as caught, ask_store():
        import_client().set_terminated("no-such-run", "FINISHED")
    assert not isinstance(caught.value, StoreOutageError)
    assert find_outage() is None
    with pytest.raises(StoreOutageError, match="cannot be used"), ask_store(observing=True):
        import_client().set_terminated("no-such-run", "FINISHED")
    assert len(caplog.records) == 1


def test_a_database_whose_driver_is_not_installed_is_an_outage(watched):
    with pytest.raises(StoreOutageError, match="No module named 'psycopg'"), ask_store():
        raise ModuleNotFoundError("No module named 'psycopg'")


def test_an_error_of_our_own_stays_what_it_is(watched):
    with pytest.raises(KeyError), ask_store():
        raise KeyError("loss")
    assert find_outage() is None


def test_no_message_shows_credentials(watched, monkeypatch, caplog):
    monkeypatch.setenv(outage.TRACKING_URI, CREDENTIALS)
    with caplog.at_level(logging.WARNING), pytest.raises(StoreOutageError) as caught:
        fail(f"could not connect to {CREDENTIALS}")
    said = caplog.text + str(caught.value) + find_outage()
    assert "postgresql://db.example.org/mlflow" in said
    assert [word for word in ("annabel", "s3cr-t", "hidden") if word in said] == []


def test_a_command_shows_no_credentials(monkeypatch):
    watch_store("kedro run --pipelines register --params images=s3://key:secret@bucket/photos")
    found = outage.find_command()
    forget_store()
    assert found.endswith("images=s3://bucket/photos")


def test_of_wrapped_errors_the_innermost_is_shown(fake_mlflow):
    fake_mlflow("fails")
    with pytest.raises(StoreOutageError) as caught, ask_store():
        import_client().set_terminated("abc", "FINISHED")
    assert str(caught.value).endswith("ResponseError('too many 500 error responses').")


def test_of_a_long_error_the_first_line_is_shown(watched):
    with pytest.raises(StoreOutageError) as caught:
        fail("database is locked " * 100 + "\n[SQL: SELECT ...]")
    assert len(str(caught.value)) < 2 * outage.LONGEST_REASON
    assert "SQL" not in str(caught.value)
