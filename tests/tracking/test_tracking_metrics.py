import pandas as pd
import pytest

from onion_pipeline.tracking.metrics import (
    PARENT,
    log_child_runs,
    log_figures,
    log_history,
    log_points,
)
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import start_run


@pytest.fixture
def run_id(mlflow_store):
    return start_run("onions", "photos", mlflow_store / "kept", {}, {})


def read_points(run_id):
    client = import_client()
    return {
        name: [(point.step, point.value) for point in client.get_metric_history(run_id, name)]
        for name in client.get_run(run_id).data.metrics
    }


def test_pairs_are_logged_as_low_and_high(run_id):
    figures = {"accuracy": 0.75, "accuracy_interval": [0.5, 0.9], "test_images": 8}
    log_figures(run_id, figures, "test/")
    assert import_client().get_run(run_id).data.metrics == {
        "test/accuracy": 0.75,
        "test/accuracy_interval_low": 0.5,
        "test/accuracy_interval_high": 0.9,
        "test/test_images": 8,
    }


def test_a_figure_without_a_value_is_left_out(run_id):
    log_figures(run_id, {"auc": None, "auc_interval": [None, None], "name": "x", "f1": 0.5}, "")
    assert import_client().get_run(run_id).data.metrics == {"f1": 0.5}


def test_a_history_is_logged_by_epoch(run_id):
    history = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, float("nan")], "best": [True, False]})
    history["accuracy"] = [0.25, 0.75]
    log_history(run_id, history)
    assert read_points(run_id) == {"loss": [(1, 0.5)], "accuracy": [(1, 0.25), (2, 0.75)]}


def test_the_phases_of_a_history_are_told_apart(run_id):
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "loss": [0.5, 0.25, 2.0],
            "validation_loss": [0.75, 0.5, 0.25],
            "phase": ["probe", "probe", "fine_tuning"],
        }
    )
    log_history(run_id, history)
    assert read_points(run_id) == {
        "probe/loss": [(1, 0.5), (2, 0.25)],
        "fine_tuning/loss": [(3, 2.0)],
        "validation_loss": [(1, 0.75), (2, 0.5), (3, 0.25)],  # of the same pictures in both
    }


def test_a_probe_alone_is_a_history_like_others(run_id):
    log_history(run_id, pd.DataFrame({"epoch": [1], "loss": [0.5], "phase": ["probe"]}))
    assert read_points(run_id) == {"loss": [(1, 0.5)]}


def test_more_points_than_mlflow_takes_at_once_are_logged(run_id):
    log_points(run_id, (("loss", 0.5, step) for step in range(1001)))
    assert import_client().get_run(run_id).data.metrics == {"loss": 0.5}


def test_each_fold_is_a_run_below_the_run(run_id):
    histories = pd.DataFrame(
        {"epoch": [1, 2, 1], "loss": [0.5, 0.25, 0.75], "best": [False, True, True]}
    ).assign(fold=[0, 0, 1])
    log_child_runs(run_id, histories, "fold")
    client = import_client()
    parent = client.get_run(run_id).info
    children = client.search_runs([parent.experiment_id], f"tags.`{PARENT}` = '{run_id}'")
    by_name = {child.info.run_name: child for child in children}
    assert set(by_name) == {"fold 0", "fold 1"}
    assert {child.info.status for child in children} == {"FINISHED"}
    assert by_name["fold 1"].data.tags["fold"] == "1"
    assert read_points(by_name["fold 0"].info.run_id) == {"loss": [(1, 0.5), (2, 0.25)]}
    assert client.get_run(run_id).data.metrics == {}
