import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset

from onion_pipeline.hooks import RunDescription
from onion_pipeline.reporting.run_description import NOTE
from onion_pipeline.tracking import outage, runs


class Made:
    """A pipeline that makes `names`."""

    def __init__(self, *names):
        self.names = set(names)

    def all_outputs(self):
        return self.names


@pytest.fixture
def run_id(mlflow_store, monkeypatch):
    started = runs.start_run("onions", "photos", mlflow_store, {}, {})
    monkeypatch.setenv(runs.RUN_ID, started)
    return started


@pytest.fixture
def catalog():
    metrics = {"accuracy": 0.5, "accuracy_interval": [0, 1], "test_images": 4}
    values = {"metrics": metrics, "class_names": ["a", "b"], "predictions": 1}
    return DataCatalog({name: MemoryDataset(value) for name, value in values.items()})


def end_run(catalog, *made):
    manager = _create_hook_manager()
    manager.register(RunDescription())
    manager.hook.after_pipeline_run(
        run_params={}, run_result={}, pipeline=Made(*made), catalog=catalog
    )


def read_tags(run_id):
    return runs.import_client().get_run(run_id).data.tags


@pytest.mark.slow
def test_a_run_is_described_by_what_it_has_made_itself(run_id, catalog):
    end_run(catalog, "metrics", "predictions")
    tags = read_tags(run_id)
    assert tags[NOTE].startswith("**Test** accuracy 0.5000")
    assert "classes" not in tags


def test_a_model_registered_alone_is_described_by_what_earlier_runs_have_left(run_id, catalog):
    end_run(catalog, "registration")
    tags = read_tags(run_id)
    assert tags[NOTE].startswith("**Test** accuracy 0.5000")
    assert tags["classes"] == "2"


def test_a_run_goes_on_when_mlflow_does_not_answer(fake_mlflow, monkeypatch, catalog):
    fake_mlflow("refuses")
    monkeypatch.setenv(runs.RUN_ID, "abc")
    outage.watch_store()
    end_run(catalog, "metrics")
    assert outage.find_outage()
    outage.forget_store()


def test_a_run_that_is_not_tracked_is_not_described(mlflow_store, catalog):
    end_run(catalog, "metrics")
    assert runs.import_client().search_experiments()[0].name == "Default"
