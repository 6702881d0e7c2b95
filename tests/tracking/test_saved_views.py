import base64
import json
import zlib

from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import start_run
from onion_pipeline.tracking.saved_views import COLUMNS, make_view_tags


def read_view(tags):
    ((name, value),) = tags.items()
    view = json.loads(value)
    kind, _, state = view["state"].partition(";")
    assert (name, kind) == ("mlflow.sharedViewState.comparison", "deflate")
    return view["name"], json.loads(zlib.decompress(base64.b64decode(state)))


def test_a_view_shows_figures_and_parameters():
    name, state = read_view(make_view_tags())
    assert name == "Comparison"
    assert state["selectedColumns"] == list(COLUMNS)
    assert "metrics.`test/accuracy`" in COLUMNS


def test_an_experiment_has_the_view_from_its_beginning(mlflow_store):
    start_run("onions", "photos", mlflow_store / "kept", {}, {})
    tags = import_client().get_experiment_by_name("onions").tags
    views = {name: value for name, value in tags.items() if "View" in name}
    assert read_view(views)[0] == "Comparison"
