"""``kedro run`` while MLflow is down, and what registers its model when it is up again."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from mlflow import MlflowClient

from onion_pipeline.tracking import outage, runs

pytestmark = pytest.mark.slow  # whole runs

SMALL = "train.epochs=1,train.batch_size=8,augment.copies=1,ingest.resize=crop"


def kedro(project, *arguments, **variables):
    """Run Kedro in a process of its own."""
    hidden = {outage.TRACKING_URI, runs.RUN_ID, "PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL"}
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=project,
        env={**inherited, "COLUMNS": "500", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def read_registration(project):
    return json.loads((project / "data/08_reporting/registration.json").read_text())


def find_unwanted(said):
    return re.findall(".*Traceback.*|.*Retrying.*", said.stdout + said.stderr)


@pytest.fixture(scope="module")
def photos(tmp_path_factory, draw_photos):
    return draw_photos(tmp_path_factory.mktemp("images") / "my photos", 20)


@pytest.fixture(scope="module")
def survived(copy_project, photos):
    """A project after a run while nothing listens where MLflow should, and what it said."""
    project = copy_project()
    said = kedro(
        project,
        "run",
        "--params",
        f"images={photos},{SMALL}",
        MLFLOW_TRACKING_URI="http://ann:s3cret@127.0.0.1:9",
    )
    return project, said


def test_a_run_without_a_server_ends_well_and_says_what_to_do(survived):
    project, said = survived
    assert said.returncode == 0, said.stdout + said.stderr
    assert (project / "data/06_models/trained_model.keras").is_file()
    assert (project / "data/08_reporting/metrics.json").is_file()
    everything = said.stdout + said.stderr
    assert everything.count("This run goes on without MLflow") == 1
    assert re.search(
        r"Model +not registered yet: MLflow at http://127\.0\.0\.1:9 cannot be used", said.stdout
    )
    assert read_registration(project)["status"] == "pending"
    assert read_registration(project)["command"] in said.stdout
    assert "s3cret" not in everything + json.dumps(read_registration(project))
    assert find_unwanted(said) == []


def test_what_it_left_is_tracked_and_registered_once(survived):
    project, _ = survived
    checksum = read_registration(project)["checksum"]
    command = shlex.split(read_registration(project)["command"])[1:]
    for alias in ("", ",register.alias=champion"):
        said = kedro(project, *command[:-1], command[-1] + alias)
        assert said.returncode == 0, said.stdout + said.stderr
        registration = read_registration(project)
        assert (registration["status"], registration["version"]) == ("registered", "1")
        assert registration["checksum"] == checksum
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    (version,) = client.search_model_versions("name = 'onion_pipeline'")
    assert client.get_registered_model("onion_pipeline").aliases == {"champion": 1}
    run = client.get_run(version.run_id)
    assert (run.data.tags["data"], run.info.status) == ("my photos", "FINISHED")
    assert run.data.params["train.epochs"] == "1"
    assert {"test/accuracy", "validation_loss"} <= set(run.data.metrics)
    folders = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert folders == {"data", "figures", "tables"}


def test_predict_without_a_server_ends_with_one_message(survived, photos):
    project, _ = survived
    said = kedro(
        project,
        *("run", "--pipelines", "predict", "--params", f"images={photos}"),
        MLFLOW_TRACKING_URI="http://ann:s3cret@127.0.0.1:9",
    )
    assert said.returncode == 1
    assert said.stderr.count("Error: ") == 1
    assert "MLflow at http://127.0.0.1:9 cannot be used" in said.stderr
    assert "run this again" in said.stderr
    assert "s3cret" not in said.stdout + said.stderr
    assert find_unwanted(said) == []


def test_all_processes_of_a_run_give_a_server_up_that_breaks_down(
    copy_project, photos, fake_mlflow
):
    server, project = fake_mlflow("fails", good=6), copy_project()
    said = kedro(
        project,
        *("run", "--runner", "ParallelRunner", "--params", f"images={photos},{SMALL}"),
        MLFLOW_TRACKING_URI=server.address,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert (said.stdout + said.stderr).count("This run goes on without MLflow") == 1
    assert server.requests <= server.good + (os.cpu_count() or 1)
    assert read_registration(project)["status"] == "pending"
    assert f"MLflow at {server.address} cannot be used" in read_registration(project)["reason"]
    assert find_unwanted(said) == []
