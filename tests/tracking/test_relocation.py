"""A project with an MLflow database, moved, copied, linked and mounted."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from onion_pipeline.tracking import outage
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.relocation import read_local_path, repoint_store
from onion_pipeline.tracking.runs import start_run

SETTINGS = {
    "tracking_uri": "sqlite:///mlflow.db",
    "artifacts": "mlruns",
    "experiment": "onions",
}


@pytest.fixture
def enter(monkeypatch):
    """A function that lets all that follows use the store of a project."""

    def use(project):
        monkeypatch.setenv(outage.TRACKING_URI, f"sqlite:///{project / 'mlflow.db'}")
        return project

    return use


def start(project):
    """Start a run that keeps a file, and return its id."""
    run_id = start_run("onions", "run", project / "mlruns", {}, {})
    (project / "table.csv").write_text("a,b\n")
    import_client().log_artifact(run_id, str(project / "table.csv"), "tables")
    return run_id


@pytest.fixture
def project(empty_store, tmp_path, enter):
    """A project, with a blank in its name, after a run and with a registered model."""
    folder = tmp_path / "old place" / "project"
    folder.mkdir(parents=True)
    shutil.copy(empty_store, folder / "mlflow.db")
    enter(folder)
    run_id = start(folder)
    client = import_client()
    model = client.create_logged_model(client.get_run(run_id).info.experiment_id, "m", run_id)
    (folder / "model").mkdir()
    (folder / "model/weights").write_text("1")
    client.log_model_artifacts(model.model_id, str(folder / "model"))
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model("m")
    uri = f"models:/{model.model_id}"
    client.create_model_version("m", uri, run_id, model_id=model.model_id)
    return folder


def list_paths(project):
    """Return all that the database says of files, but for the models' names."""
    found = []
    with closing(sqlite3.connect(project / "mlflow.db")) as connection:
        for query in (
            "SELECT artifact_location FROM experiments WHERE name = 'onions'",
            "SELECT artifact_uri FROM runs",
            "SELECT artifact_location FROM logged_models",
            "SELECT storage_location FROM model_versions",
        ):
            found += [value for (value,) in connection.execute(query)]
    return found


def hash_folder(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


def find_files(project, run_id):
    client = import_client()
    version = client.get_model_version("m", "1")
    model_id = version.source.removeprefix("models:/")
    location = client.get_logged_model(model_id).artifact_location
    listed = [entry.path for entry in client.list_artifacts(run_id, "tables")]
    return listed, location.startswith((project / "mlruns").as_uri())


def test_a_project_that_moved_finds_its_files_and_leaves_the_old_place_alone(
    project, tmp_path, enter, caplog
):
    (first,) = {path.split("/")[-2] for path in list_paths(project)[1:2]}
    moved = enter(project.rename(tmp_path / "new"))
    with caplog.at_level("INFO"):
        repoint_store(SETTINGS, moved)
    assert all(path.startswith((moved / "mlruns").as_uri()) for path in list_paths(moved))
    assert find_files(moved, first) == (["tables/table.csv"], True)
    again = start(moved)
    assert (moved / "mlruns" / again / "artifacts/tables/table.csv").is_file()
    assert not project.exists()
    assert f"{tmp_path}/old place/project/mlruns. It" in caplog.text
    assert str(moved / "mlruns") in caplog.text
    caplog.clear()
    repoint_store(SETTINGS, moved)
    assert caplog.text == ""


def test_a_copy_writes_into_itself_and_the_original_stays_as_it_was(project, tmp_path, enter):
    before = hash_folder(project)
    copy = enter(tmp_path / "copy")
    shutil.copytree(project, copy)
    repoint_store(SETTINGS, copy)
    assert all(path.startswith((copy / "mlruns").as_uri()) for path in list_paths(copy))
    start(copy)
    assert hash_folder(project) == before


def test_a_copy_of_the_database_alone_reads_the_original_and_never_writes_there(
    project, tmp_path, enter, caplog
):
    before = hash_folder(project)
    copy = enter(tmp_path / "copy")
    copy.mkdir()
    shutil.copy(project / "mlflow.db", copy)
    earlier = list_paths(copy)
    repoint_store(SETTINGS, copy)
    assert list_paths(copy) == [(copy / "mlruns").as_uri(), *earlier[1:]]
    assert f"not in {copy / 'mlruns'} but in {project / 'mlruns'}" in caplog.text
    run_id = start(copy)
    assert (copy / "mlruns" / run_id).is_dir()
    assert hash_folder(project) == before
    shutil.copytree(project / "mlruns", copy / "mlruns", dirs_exist_ok=True)
    repoint_store(SETTINGS, copy)
    assert all(path.startswith((copy / "mlruns").as_uri()) for path in list_paths(copy))


def test_mlflows_own_experiment_moves_too(project, tmp_path):
    with closing(sqlite3.connect(project / "mlflow.db")) as connection, connection:
        query = "UPDATE experiments SET artifact_location = ? WHERE name = 'Default'"
        connection.execute(query, (str(project / "mlruns/0"),))
    moved = project.rename(tmp_path / "new")
    repoint_store(SETTINGS, moved)
    with closing(sqlite3.connect(moved / "mlflow.db")) as connection:
        query = "SELECT artifact_location FROM experiments WHERE name = 'Default'"
        assert connection.execute(query).fetchall() == [(str(moved / "mlruns/0"),)]


def test_another_path_to_the_same_folder_is_no_move(project, tmp_path):
    """As by a link, or where a folder is mounted twice."""
    before = list_paths(project)
    (tmp_path / "link").symlink_to(project)
    repoint_store(SETTINGS, tmp_path / "link")
    assert list_paths(project) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"tracking_uri": "https://mlflow.example.org"},
        {"tracking_uri": "postgresql://me@host/mlflow"},
        {"tracking_uri": "sqlite:///elsewhere.db"},
        {"artifacts": "files"},
        {"artifacts": "/disk/mlruns"},
    ],
)
def test_other_stores_and_other_folders_are_left_alone(project, tmp_path, changed):
    moved = project.rename(tmp_path / "new")
    before = list_paths(moved)
    repoint_store({**SETTINGS, **changed}, moved)
    assert list_paths(moved) == before
    assert not (moved / "elsewhere.db").exists()


def test_a_database_outside_of_the_project_may_be_of_several(project, tmp_path):
    before = list_paths(project)
    other = tmp_path / "other"
    other.mkdir()
    shared = {**SETTINGS, "tracking_uri": f"sqlite:///{project / 'mlflow.db'}"}
    repoint_store(shared, other)
    (other / "mlflow.db").symlink_to(project / "mlflow.db")
    repoint_store(SETTINGS, other)
    assert list_paths(project) == before


def test_a_database_without_tables_is_left_to_mlflow(tmp_path):
    sqlite3.connect(tmp_path / "mlflow.db").close()
    repoint_store(SETTINGS, tmp_path)
    assert hash_folder(tmp_path) == {(tmp_path / "mlflow.db").relative_to(tmp_path): b""}


def test_a_damaged_database_raises(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        repoint_store(SETTINGS, tmp_path)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///home/me/my%20onions", "/home/me/my onions"),
        ("/home/me/onions", "/home/me/onions"),
        ("C:\\onions", "C:\\onions"),
        ("mlflow-artifacts:/abc", None),
        ("s3://bucket/onions", None),
    ],
)
def test_a_path_of_this_machine_is_told_from_an_address_elsewhere(address, path):
    assert read_local_path(address) == (path and Path(path))
