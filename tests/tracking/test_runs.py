from pathlib import Path
from types import SimpleNamespace

import pytest

from onion_pipeline.tracking import runs
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import (
    LONGEST_TAG,
    read_run_id,
    resolve_tracking_uri,
    set_tags,
    start_run,
)


@pytest.mark.parametrize(
    ("uri", "resolved"),
    [
        ("sqlite:///mlflow.db", "sqlite:////home/me/onion/mlflow.db"),
        ("sqlite:///runs/mlflow.db", "sqlite:////home/me/onion/runs/mlflow.db"),
        ("sqlite:////var/mlflow.db", "sqlite:////var/mlflow.db"),
        ("https://mlflow.example.org", "https://mlflow.example.org"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
    ],
)
def test_only_a_relative_sqlite_path_is_taken_from_the_project(uri, resolved):
    assert resolve_tracking_uri(uri, Path("/home/me/onion")) == resolved


def test_a_run_is_under_way_while_the_environment_says_so(monkeypatch):
    monkeypatch.setenv(runs.RUN_ID, "abc")
    assert read_run_id() == "abc"
    monkeypatch.delenv(runs.RUN_ID)
    assert read_run_id() is None


@pytest.fixture
def run_id(mlflow_store):
    return start_run(
        "onions", "photos", mlflow_store / "kept", {"train": {"epochs": 3}}, {"python": "3"}
    )


def test_a_started_run_has_its_name_parameters_and_tags(run_id):
    run = import_client().get_run(run_id)
    assert run.info.status == "RUNNING"
    assert run.info.run_name == "photos"
    assert run.data.params == {"train.epochs": "3"}
    assert run.data.tags["python"] == "3"


def test_runs_of_one_experiment_stay_together(run_id, mlflow_store):
    other = start_run("onions", "again", mlflow_store / "elsewhere", {}, {})
    one, two = (import_client().get_run(each).info for each in (run_id, other))
    assert one.experiment_id == two.experiment_id
    assert one.run_id != two.run_id


def test_files_go_to_the_folder_of_a_local_store(run_id, mlflow_store):
    (mlflow_store / "table.csv").write_text("a,b\n")
    import_client().log_artifact(run_id, str(mlflow_store / "table.csv"), "tables")
    (kept,) = (mlflow_store / "kept").rglob("table.csv")
    assert kept.read_text() == "a,b\n"


def test_more_parameters_than_mlflow_takes_at_once_are_logged(mlflow_store):
    many = {f"name_{number}": number for number in range(101)}
    run_id = start_run("onions", "photos", mlflow_store, many, {})
    assert len(import_client().get_run(run_id).data.params) == len(many)


def test_tags_are_set_and_long_ones_cut(run_id):
    set_tags(run_id, {"classes": "10", "mlflow.note.content": "x" * (LONGEST_TAG + 1)})
    tags = import_client().get_run(run_id).data.tags
    assert (tags["classes"], len(tags["mlflow.note.content"])) == ("10", LONGEST_TAG)


def test_a_server_chooses_where_artifacts_go(fake_mlflow, tmp_path, monkeypatch):
    fake_mlflow("fails", good=9)
    client, asked = type(import_client()), []
    made = SimpleNamespace(experiment_id="1", lifecycle_stage="active")
    monkeypatch.setattr(client, "get_experiment_by_name", lambda *_: made if asked else None)
    monkeypatch.setattr(client, "create_experiment", lambda _, *given: asked.append(given))
    assert start_run("onions", "photos", tmp_path / "kept", {}, {}) == "abc"
    ((name, location, _),) = asked
    assert (name, location) == ("onions", None)


def test_a_deleted_experiment_is_followed_by_another_and_can_be_restored(
    run_id, mlflow_store, caplog
):
    client = import_client()
    first = client.get_run(run_id).info.experiment_id
    client.delete_experiment(first)
    runs = [start_run("onions", "again", mlflow_store, {}, {}) for _ in range(2)]
    (second,) = {client.get_run(each).info.experiment_id for each in runs}
    assert client.get_experiment(second).name == "onions 2"
    (said,) = [text for text in caplog.messages if "was deleted" in text]
    assert f"mlflow experiments restore --experiment-id {first}" in said
    assert f"MLFLOW_TRACKING_URI=sqlite:///{mlflow_store / 'mlflow.db'}" in said
    client.delete_experiment(second)
    third = client.get_run(start_run("onions", "again", mlflow_store, {}, {})).info.experiment_id
    assert client.get_experiment(third).name == "onions 3"
    client.restore_experiment(first)
    assert (
        client.get_run(start_run("onions", "x", mlflow_store, {}, {})).info.experiment_id == first
    )
