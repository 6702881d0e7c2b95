import json
import os
import sys

import pandas as pd
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner, ThreadRunner
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset
from mlflow import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from onion_pipeline.datasets import ImageSourceDataset
from onion_pipeline.errors import InterruptedRunError, OnionError, RegistryError
from onion_pipeline.hooks.tracking import Tracking
from onion_pipeline.reporting.run_description import NOTE
from onion_pipeline.tracking import outage, runs, system_metrics
from onion_pipeline.tracking.parameter_texts import flatten_parameters

METRICS = {"accuracy": 0.75, "accuracy_interval": [0.5, 0.9], "test_images": 4}
REGISTRATION = {"status": "pending", "reason": "MLflow has gone."}
HISTORY = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25]})


@pytest.fixture
def catalog(tmp_path):
    """Entries that are tracked, each in another way, and one that is not."""

    def describe(kind, name, rules=None):
        suffix = "json" if kind is JSONDataset else "csv"
        metadata = {"mlflow": rules} if rules else None
        return kind(filepath=(tmp_path / f"{name}.{suffix}").as_posix(), metadata=metadata)

    return DataCatalog(
        {
            "raw_images": ImageSourceDataset(filepath=str(tmp_path / "my_photos.zip")),
            "metrics": describe(JSONDataset, "metrics", {"folder": "tables", "metrics": "test/"}),
            "history": describe(CSVDataset, "history", {"history": True}),
            "fold_histories": describe(CSVDataset, "fold_histories", {"child_runs": "fold"}),
            "image_splits": describe(CSVDataset, "image_splits", {"datasets": True}),
            "registration": describe(JSONDataset, "registration", {"folder": "tables"}),
            "predictions": describe(CSVDataset, "predictions"),
            "class_names": MemoryDataset(["a", "b"]),
        }
    )


@pytest.fixture
def run_tracked(make_context, mlflow_store, catalog):
    """A function that runs nodes under the Tracking hook as a Kedro session does."""

    def run(nodes, runner=None, uri=None, seconds=None, **run_params):
        manager = _create_hook_manager()
        manager.register(Tracking())
        hook, pipeline = manager.hook, Pipeline(nodes)
        context = make_context(**{"uri": uri} if uri else {})
        context.config_loader["mlflow"]["system_metrics"] = seconds
        hook.after_context_created(context=context)
        run_params = {"run_id": "now", **run_params}
        seen = {"run_params": run_params, "pipeline": pipeline, "catalog": catalog}
        hook.before_pipeline_run(**seen)
        only_missing = run_params.get("only_missing_outputs", False)
        try:
            (runner or SequentialRunner()).run(
                pipeline, catalog, manager, only_missing_outputs=only_missing
            )
        except OnionError as error:
            hook.on_pipeline_error(error=error, **seen)
        else:
            hook.after_pipeline_run(run_result={}, **seen)

    return run


def find_runs():
    client = runs.import_client()
    return client.search_runs([entry.experiment_id for entry in client.search_experiments()])


def list_files(run, folder="tables"):
    entries = runs.import_client().list_artifacts(run.info.run_id, folder)
    return {entry.path for entry in entries}


@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_what_the_catalog_marks_is_what_is_tracked(run_tracked, runner, tmp_path, make_node):
    nodes = [
        make_node("metrics", outcome=METRICS),
        make_node("history", outcome=HISTORY),
        make_node("predictions", outcome=HISTORY),
    ]
    run_tracked(nodes, runner())
    (run,) = find_runs()
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {
        "test/accuracy": 0.75,
        "test/accuracy_interval_low": 0.5,
        "test/accuracy_interval_high": 0.9,
        "test/test_images": 4,
        "loss": 0.25,
    }
    assert list_files(run) == {"tables/metrics.json"}
    (kept,) = (tmp_path / "kept").rglob("metrics.json")
    assert json.loads(kept.read_text()) == METRICS


def test_a_run_is_named_after_the_images_and_has_the_parameters(run_tracked, load_conf, make_node):
    run_tracked([make_node("metrics", outcome=METRICS)])
    (run,) = find_runs()
    assert run.info.run_name == "my_photos"
    assert run.data.params == flatten_parameters(load_conf()["parameters"])
    assert run.data.tags["kedro.run_id"] == "now"
    assert run.data.tags["data"] == "my_photos"
    assert run.data.tags["kedro.pipelines"] == "__default__"
    assert run.data.tags["kedro.env"] == "local"


def test_a_run_is_told_from_others_by_what_it_was_given(run_tracked, make_node):
    given = {"images": "my_photos.zip", "train": {"epochs": 1}, "seed": 7}
    run_tracked([make_node("metrics", outcome=METRICS)], runtime_params=given)
    (run,) = find_runs()
    assert run.info.run_name == "train.epochs=1, seed=7, my_photos"


def test_a_failed_run_is_marked_and_keeps_what_it_made(run_tracked, make_node):
    broken = make_node("registration", "metrics", OnionError("no"))
    run_tracked([make_node("metrics", outcome=METRICS), broken])
    (run,) = find_runs()
    assert run.info.status == "FAILED"
    assert list_files(run) == {"tables/metrics.json"}


@pytest.mark.parametrize("outcome", [METRICS, OnionError("no")])
def test_after_a_run_no_run_is_under_way(run_tracked, outcome, make_node):
    run_tracked([make_node("metrics", outcome=outcome)])
    assert runs.read_run_id() is None


@pytest.mark.parametrize("made", ["metrics", "predictions"])
def test_a_run_under_way_outside_is_left_alone(
    run_tracked, mlflow_store, monkeypatch, made, make_node
):
    outside = runs.start_run("outside", "outside", mlflow_store, {}, {})
    monkeypatch.setenv(runs.RUN_ID, outside)
    run_tracked([make_node(made, outcome=METRICS if made == "metrics" else HISTORY)])
    found = runs.import_client().get_run(outside)
    assert (found.info.status, found.data.metrics) == ("RUNNING", {})
    assert os.environ[runs.RUN_ID] == outside


def test_a_run_without_anything_tracked_leaves_none(run_tracked, make_node):
    run_tracked([make_node("predictions", outcome=HISTORY)])
    assert find_runs() == []


def test_a_model_registered_alone_takes_what_earlier_runs_have_left(
    run_tracked, catalog, make_node
):
    catalog.save("metrics", METRICS)
    run_tracked([make_node("registration", outcome=REGISTRATION)])
    (run,) = find_runs()
    assert run.data.metrics["test/accuracy"] == METRICS["accuracy"]
    assert list_files(run) == {"tables/metrics.json", "tables/registration.json"}


def test_what_a_run_makes_itself_is_not_taken_from_an_earlier_one(run_tracked, catalog, make_node):
    catalog.save("metrics", METRICS | {"accuracy": 0.1})
    registration = make_node("registration", "metrics", REGISTRATION)
    run_tracked([make_node("metrics", outcome=METRICS), registration])
    (run,) = find_runs()
    points = runs.import_client().get_metric_history(run.info.run_id, "test/accuracy")
    assert [point.value for point in points] == [METRICS["accuracy"]]


def test_a_model_that_is_trained_anew_takes_nothing_of_an_earlier_one(
    run_tracked, catalog, make_node
):
    catalog.save("metrics", METRICS)
    catalog["trained_model"] = MemoryDataset()
    registration = make_node("registration", "trained_model", REGISTRATION)
    run_tracked([make_node("trained_model", outcome="a network"), registration])
    (run,) = find_runs()
    assert run.data.metrics == {}


def test_other_runs_take_nothing_from_earlier_ones(run_tracked, catalog, make_node):
    catalog.save("metrics", METRICS)
    run_tracked([make_node("history", outcome=HISTORY)])
    (run,) = find_runs()
    assert run.data.metrics == {"loss": 0.25}


def test_the_images_of_a_run_are_its_datasets(run_tracked, make_node, tmp_path):
    splits = pd.DataFrame({"label": ["a"], "split": ["train"], "sha256": ["1f"]})
    run_tracked([make_node("image_splits", outcome=splits)])
    (run,) = find_runs()
    datasets = [each.dataset for each in run.inputs.dataset_inputs]
    assert {dataset.name for dataset in datasets} == {"my_photos"}
    assert {json.loads(dataset.source)["uri"] for dataset in datasets} == {
        str(tmp_path / "my_photos.zip")
    }


def test_each_fold_is_a_run_below_the_run(run_tracked, make_node):
    run_tracked([make_node("fold_histories", outcome=HISTORY.assign(fold=[0, 1]))])
    runs = {run.info.run_name: run for run in find_runs()}
    assert set(runs) == {"my_photos", "fold 0", "fold 1"}
    parents = {run.data.tags.get("mlflow.parentRunId") for run in runs.values()}
    assert parents == {None, runs["my_photos"].info.run_id}


@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_a_run_that_was_stopped_is_killed(run_tracked, runner, make_node):
    stopped = make_node("metrics", outcome=InterruptedRunError("Stopped with Ctrl-C."))
    run_tracked([stopped], runner())
    (run,) = find_runs()
    assert run.info.status == "KILLED"


def test_a_run_with_nothing_missing_leaves_none(run_tracked, catalog, make_node):
    metrics = make_node("metrics", outcome=METRICS)
    catalog.save("metrics", METRICS)
    run_tracked([metrics], only_missing_outputs=True)
    assert find_runs() == []
    history = make_node("history", outcome=HISTORY)
    run_tracked([metrics, history], only_missing_outputs=True)
    (run,) = find_runs()
    assert run.data.metrics == {"loss": 0.25}


@pytest.fixture
def run_three(run_tracked, catalog, make_node):
    """A function that runs three tracked nodes and returns which of them have left something."""
    made = {"history": HISTORY, "metrics": METRICS, "registration": REGISTRATION}

    def run(runner, uri, **run_params):
        nodes = [make_node(name, outcome=outcome) for name, outcome in made.items()]
        run_tracked(nodes, runner, uri, **run_params)
        return {name for name in made if catalog.exists(name)}

    return run


# A run takes three good answers to start; the server goes down then, or while it is logged to.
@pytest.mark.slow
@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
@pytest.mark.parametrize(
    "fault", [("refuses",), ("hangs",), ("fails",), ("hangs", 2), ("fails", 3), ("hangs", 4)]
)
def test_a_run_goes_on_without_a_server_from_whenever_it_is_down(
    run_three, fake_mlflow, caplog, runner, fault
):
    server = fake_mlflow(*fault)
    given = {"images": "my photos", "train": {"epochs": 1}}
    made = run_three(runner(), server.address, env="photos", runtime_params=given)
    assert made == {"history", "metrics", "registration"}
    (record,) = caplog.records
    assert server.address in record.getMessage()
    assert record.getMessage().endswith(
        "kedro run --pipelines register --env photos --params 'images=my photos,train.epochs=1'"
    )
    at_once = 3 if runner is ThreadRunner else 1
    assert server.requests <= server.good + at_once
    assert (outage.find_outage(), runs.read_run_id()) == (None, None)


def test_a_run_that_somebody_deletes_goes_on(run_tracked, catalog, caplog, make_node):
    def delete():
        runs.import_client().delete_run(runs.read_run_id())
        return METRICS

    run_tracked([Node(delete, None, "metrics"), make_node("history", "metrics", HISTORY)])
    assert catalog.exists("history")
    (record,) = caplog.records
    assert "cannot be used" in record.getMessage()


def test_what_mlflow_refuses_stops_a_run_before_it_begins(
    run_tracked, catalog, mlflow_store, make_node, monkeypatch
):
    """A fake refusal: MLflow has no rule that a run of this project breaks."""

    def refuse(*arguments):
        raise MlflowException("no", error_code=INVALID_PARAMETER_VALUE)

    monkeypatch.setattr(runs, "start_run", refuse)
    before = os.environ[outage.TRACKING_URI]
    with pytest.raises(RegistryError, match="refuses"):
        run_tracked([make_node("metrics", outcome=METRICS)])
    assert not catalog.exists("metrics")
    assert os.environ[outage.TRACKING_URI] == before
    assert outage.MARK not in os.environ


def test_after_an_experiment_was_deleted_a_run_goes_to_another_one(
    run_tracked, catalog, mlflow_store, make_node
):
    client = runs.import_client()
    client.delete_experiment(client.create_experiment("onions"))
    run_tracked([make_node("metrics", outcome=METRICS)])
    assert catalog.exists("metrics")
    found = client.get_experiment_by_name("onions 2")
    assert len(client.search_runs([found.experiment_id])) == 1


def test_a_project_that_moved_is_tracked_where_it_is(
    run_tracked, mlflow_store, make_node, tmp_path
):
    """The database says that it was elsewhere."""
    old = (tmp_path / "elsewhere" / "kept").as_uri()
    runs.import_client().create_experiment("onions", old)
    run_tracked([make_node("metrics", outcome=METRICS)])
    found = runs.import_client().get_experiment_by_name("onions")
    assert found.artifact_location == (tmp_path / "kept").as_uri()
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_is_described_by_what_it_has_made_itself(run_tracked, make_node):
    run_tracked([make_node("metrics", outcome=METRICS)])
    (run,) = find_runs()
    assert run.data.tags[NOTE].startswith("**Test** accuracy 75.0")
    assert "classes" not in run.data.tags


def test_a_model_registered_alone_is_described_by_what_earlier_runs_have_left(
    run_tracked, catalog, make_node
):
    catalog.save("metrics", METRICS)
    run_tracked([make_node("registration", outcome=REGISTRATION)])
    (run,) = find_runs()
    assert run.data.tags[NOTE].startswith("**Test** accuracy 75.0")
    assert run.data.tags["classes"] == "2"


@pytest.fixture
def watched(monkeypatch):
    """Of which runs the system is measured how often, and which one is under way at the end."""
    seen = []

    def watch(run_id, seconds):
        seen.append((run_id, seconds))
        return lambda: seen.append(runs.read_run_id())

    monkeypatch.setattr(system_metrics, "watch_system", watch)
    return seen


@pytest.mark.parametrize("outcome", [METRICS, OnionError("no")])
def test_the_system_is_measured_while_a_run_is_under_way(run_tracked, watched, make_node, outcome):
    run_tracked([make_node("metrics", outcome=outcome)], seconds=5)
    (run,) = find_runs()
    assert watched == [(run.info.run_id, 5), run.info.run_id]


def test_nothing_is_measured_where_the_configuration_says_so(run_tracked, watched, make_node):
    run_tracked([make_node("metrics", outcome=METRICS)], seconds=None)
    assert watched == []


def test_nothing_is_measured_of_a_run_that_is_not_tracked(run_tracked, watched, make_node):
    run_tracked([make_node("predictions", outcome=HISTORY)], seconds=5)
    assert watched == []


def test_nothing_is_measured_without_psutil(run_tracked, watched, make_node, monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    run_tracked([make_node("metrics", outcome=METRICS)], seconds=5)
    assert watched == []
