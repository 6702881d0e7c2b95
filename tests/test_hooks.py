import json
import logging
import os
from types import SimpleNamespace

import click
import pandas as pd
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner, ThreadRunner
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset

from onion_pipeline.datasets.image_source_dataset import ImageSourceDataset
from onion_pipeline.errors import ConfigurationError, DataError, OnionError
from onion_pipeline.hooks import Checks, ClosingSummary, Messages, Tracking
from onion_pipeline.registry import tracking

METRICS = {"accuracy": 0.75, "accuracy_interval": [0.5, 0.9]}
HISTORY = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25]})
ON_THE_COMMAND_LINE = click.Context(click.Command("run"))


@pytest.fixture
def make_context(load_conf, tmp_path):
    """A function that makes what a hook sees of a Kedro context."""

    def make(**changes):
        parameters = {**load_conf()["parameters"], **changes}
        settings = {
            "tracking_uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
            "artifacts": "kept",
            "experiment": "onions",
        }
        loader = {"parameters": parameters, "mlflow": settings}
        return SimpleNamespace(config_loader=loader, project_path=tmp_path)

    return make


def test_parameters_are_checked_as_soon_as_they_are_known(make_context):
    Checks().after_context_created(make_context())
    with pytest.raises(ConfigurationError, match="seed is -1"):
        Checks().after_context_created(make_context(seed=-1))


def test_on_the_command_line_a_mistake_is_a_message(make_context):
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Checks().after_context_created(make_context(seed=-1))
    assert "seed is -1" in caught.value.message
    assert caught.value.exit_code == 1


def make_checks(make_context, **changes):
    checks = Checks()
    checks.after_context_created(make_context(**changes))
    return checks


MISSPELT = {"augment": {"copies": 1, "keep": True, "transforms": [{"HorizontalFlp": None}]}}


def make_node(name, inputs=None, outcome=None):
    def do(*values):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Node(do, inputs, name, name=f"make_{name}")


def test_transforms_are_checked_before_a_run_that_needs_them(make_context):
    checks = make_checks(make_context, **MISSPELT)
    needs = Pipeline([make_node("augmentation_policy")])
    with pytest.raises(ConfigurationError, match="did you mean 'HorizontalFlip'"):
        checks.before_pipeline_run(needs, DataCatalog())


def test_transforms_are_not_looked_up_for_other_runs(make_context, monkeypatch):
    checks = make_checks(make_context, **MISSPELT)
    monkeypatch.setattr("onion_pipeline.hooks.check_transforms", pytest.fail)
    checks.before_pipeline_run(Pipeline([make_node("metrics")]), DataCatalog())


@pytest.mark.parametrize("name", ["raw_images", "new_images"])
def test_the_path_of_the_images_is_checked_before_a_run(make_context, tmp_path, name):
    catalog = DataCatalog({name: ImageSourceDataset(filepath=str(tmp_path / "nowhere"))})
    reads = Pipeline([make_node("image_index", name)])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match="No images at"):
        make_checks(make_context).before_pipeline_run(reads, catalog)
    make_checks(make_context).before_pipeline_run(Pipeline([make_node("metrics")]), catalog)


def wrap(cause):
    """Wrap `cause` as Kedro does with what a dataset raises."""
    try:
        raise RuntimeError("Failed while loading data") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("error", [DataError("One class."), wrap(DataError("One class."))])
def test_an_error_of_ours_becomes_a_message_on_the_command_line_only(error):
    # Elsewhere, a notebook perhaps, the error is kept.
    Messages().on_pipeline_error(error, DataCatalog())
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Messages().on_pipeline_error(error, DataCatalog())
    assert caught.value.message == "One class."
    assert caught.value.__cause__ is error


def test_another_error_keeps_its_traceback():
    with ON_THE_COMMAND_LINE:
        assert Messages().on_pipeline_error(wrap(KeyError("x")), DataCatalog()) is None


def test_a_message_names_the_file_that_tells_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "quarantine.csv"
    catalog = DataCatalog({"quarantine": CSVDataset(filepath=str(path))})
    error = wrap(DataError("Too many.", dataset="quarantine"))
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Messages().on_pipeline_error(error, catalog)
    assert caught.value.message == "Too many. See data/quarantine.csv"


def test_a_node_is_announced_by_the_first_line_of_its_function(caplog):
    def count_images():
        """Count the images.

        One by one.
        """
        return 1

    with caplog.at_level(logging.INFO, "onion_pipeline.hooks"):
        Messages().before_node_run(Node(count_images, None, "count", name="count_images"))
    assert [record.getMessage() for record in caplog.records] == ["count_images: Count the images."]


@pytest.fixture
def catalog(tmp_path):
    """Three entries that are tracked and one that is not."""

    def describe(kind, name, rules=None):
        suffix = "json" if kind is JSONDataset else "csv"
        metadata = {"mlflow": rules} if rules else None
        return kind(filepath=(tmp_path / f"{name}.{suffix}").as_posix(), metadata=metadata)

    return DataCatalog(
        {
            "raw_images": ImageSourceDataset(filepath=str(tmp_path / "my_photos.zip")),
            "metrics": describe(JSONDataset, "metrics", {"folder": "tables", "metrics": "test/"}),
            "history": describe(CSVDataset, "history", {"history": True}),
            "registration": describe(JSONDataset, "registration", {"folder": "tables"}),
            "predictions": describe(CSVDataset, "predictions"),
        }
    )


@pytest.fixture
def run_tracked(make_context, mlflow_store, catalog):
    """A function that runs nodes under the Tracking hook as a Kedro session does."""

    def run(nodes, runner=None):
        manager = _create_hook_manager()
        manager.register(Tracking())
        hook, pipeline = manager.hook, Pipeline(nodes)
        hook.after_context_created(context=make_context())
        seen = {"run_params": {"run_id": "now"}, "pipeline": pipeline, "catalog": catalog}
        hook.before_pipeline_run(**seen)
        try:
            (runner or SequentialRunner()).run(pipeline, catalog, manager)
        except OnionError as error:
            hook.on_pipeline_error(error=error, **seen)
        else:
            hook.after_pipeline_run(run_result={}, **seen)

    return run


def find_runs():
    client = tracking.import_client()
    return client.search_runs([entry.experiment_id for entry in client.search_experiments()])


def list_files(run, folder="tables"):
    entries = tracking.import_client().list_artifacts(run.info.run_id, folder)
    return {entry.path for entry in entries}


@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_what_the_catalog_marks_is_what_is_tracked(run_tracked, runner, tmp_path):
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
        "loss": 0.25,
    }
    assert list_files(run) == {"tables/metrics.json"}
    (kept,) = (tmp_path / "kept").rglob("metrics.json")
    assert json.loads(kept.read_text()) == METRICS


def test_a_run_is_named_after_the_images_and_has_the_parameters(run_tracked, load_conf):
    run_tracked([make_node("metrics", outcome=METRICS)])
    (run,) = find_runs()
    assert run.info.run_name == "my_photos"
    assert run.data.params == tracking.flatten_parameters(load_conf()["parameters"])
    assert run.data.tags["kedro.run_id"] == "now"


def test_a_failed_run_is_marked_and_keeps_what_it_made(run_tracked):
    broken = make_node("registration", "metrics", OnionError("no"))
    run_tracked([make_node("metrics", outcome=METRICS), broken])
    (run,) = find_runs()
    assert run.info.status == "FAILED"
    assert list_files(run) == {"tables/metrics.json"}


@pytest.mark.parametrize("outcome", [METRICS, OnionError("no")])
def test_after_a_run_no_run_is_under_way(run_tracked, outcome):
    run_tracked([make_node("metrics", outcome=outcome)])
    assert tracking.read_run_id() is None


@pytest.mark.parametrize("made", ["metrics", "predictions"])
def test_a_run_under_way_outside_is_left_alone(run_tracked, mlflow_store, monkeypatch, made):
    outside = tracking.start_run("outside", "outside", mlflow_store, {}, {})
    monkeypatch.setenv(tracking.RUN_ID, outside)
    run_tracked([make_node(made, outcome=METRICS if made == "metrics" else HISTORY)])
    found = tracking.import_client().get_run(outside)
    assert (found.info.status, found.data.metrics) == ("RUNNING", {})
    assert os.environ[tracking.RUN_ID] == outside


def test_a_run_without_anything_tracked_leaves_none(run_tracked):
    run_tracked([make_node("predictions", outcome=HISTORY)])
    assert find_runs() == []


def test_a_model_registered_alone_takes_what_earlier_runs_have_left(run_tracked, catalog):
    catalog.save("metrics", METRICS)
    run_tracked([make_node("registration", outcome={"version": "2"})])
    (run,) = find_runs()
    assert run.data.metrics["test/accuracy"] == METRICS["accuracy"]
    assert list_files(run) == {"tables/metrics.json", "tables/registration.json"}


def test_what_a_run_makes_itself_is_not_taken_from_an_earlier_one(run_tracked, catalog):
    catalog.save("metrics", {"accuracy": 0.1})
    registration = make_node("registration", "metrics", {"version": "2"})
    run_tracked([make_node("metrics", outcome=METRICS), registration])
    (run,) = find_runs()
    points = tracking.import_client().get_metric_history(run.info.run_id, "test/accuracy")
    assert [point.value for point in points] == [METRICS["accuracy"]]


def test_other_runs_take_nothing_from_earlier_ones(run_tracked, catalog):
    catalog.save("metrics", METRICS)
    run_tracked([make_node("history", outcome=HISTORY)])
    (run,) = find_runs()
    assert run.data.metrics == {"loss": 0.25}


def test_the_summary_is_printed_if_there_is_one(capsys, monkeypatch):
    monkeypatch.setattr("onion_pipeline.hooks.summarize", lambda outputs, catalog: sorted(outputs))
    pipeline = Pipeline([make_node("one"), make_node("two")])
    ClosingSummary().after_pipeline_run(pipeline, DataCatalog())
    assert capsys.readouterr().out == "\none\ntwo\n\n"
    ClosingSummary().after_pipeline_run(Pipeline([]), DataCatalog())
    assert capsys.readouterr().out == ""
