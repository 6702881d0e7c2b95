from pathlib import Path

import mlflow
import pandas as pd
import pytest

from onion_pipeline.errors import ParityError
from onion_pipeline.registry.attachments import Attachments
from onion_pipeline.registry.logged_models import log_model
from onion_pipeline.registry.package import hash_package, write_package
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.tracking.metrics import log_figures, log_history
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import start_run


@pytest.fixture
def run_id(mlflow_store):
    return start_run("onions", "run", mlflow_store / "kept", {"seed": 1}, {})


def test_a_model_has_parameters_and_metrics_of_its_run_but_for_the_epochs(
    network, config, run_id, mlflow_store
):
    log_figures(run_id, {"accuracy": 0.5}, "test/")
    log_history(run_id, pd.DataFrame({"epoch": [1], "loss": [0.25]}))
    client = import_client()
    attachments = Attachments(files={"card.md": b"# Onions"})
    model_id = log_model(
        client,
        client.get_run(run_id),
        Classifier(network, config),
        "onions",
        attachments,
    )
    logged = client.get_logged_model(model_id)
    assert (logged.status.value, logged.params) == ("READY", {"seed": "1"})
    assert {metric.key: metric.value for metric in logged.metrics} == {"test/accuracy": 0.5}
    (path,) = (mlflow_store / "kept").rglob("attachments/*")
    assert path.read_bytes() == b"# Onions"
    (output,) = client.get_run(run_id).outputs.model_outputs
    assert output.model_id == model_id


def test_what_is_uploaded_is_what_was_tested_and_nothing_else(network, config, run_id, tmp_path):
    client = import_client()
    write_package(tmp_path / "tested", Classifier(network, config), mlflow.models.Model())
    tested = hash_package(tmp_path / "tested")
    model_id = log_model(
        client,
        client.get_run(run_id),
        Classifier(network, config),
        "onions",
        Attachments(package=tested),
    )
    kept = mlflow.artifacts.download_artifacts(
        client.get_logged_model(model_id).artifact_location, dst_path=str(tmp_path)
    )
    assert hash_package(Path(kept)) == tested
    other = config._replace(operating_point=None)
    with pytest.raises(ParityError, match="is not the one that was compared"):
        log_model(
            client,
            client.get_run(run_id),
            Classifier(network, other),
            "onions",
            Attachments(package=tested),
        )
