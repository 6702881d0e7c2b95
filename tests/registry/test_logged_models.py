import pandas as pd

from onion_pipeline.images.decoding import Rendering
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.logged_models import log_model
from onion_pipeline.registry.tracking import import_client, log_figures, log_history, start_run

CARD = ModelCard(["leek", "onion"], (8, 10, 3), Rendering("crop"))


def test_a_model_has_parameters_and_metrics_of_its_run_but_for_the_epochs(keras, mlflow_store):
    model = build_model(read_layers(["flatten"]), CARD.image_shape, 2, seed=0)
    run_id = start_run("onions", "run", mlflow_store / "kept", {"seed": 1}, {})
    log_figures(run_id, {"accuracy": 0.5}, "test/")
    log_history(run_id, pd.DataFrame({"epoch": [1], "loss": [0.25]}))
    client = import_client()
    files = {"card.md": b"# Onions"}
    model_id = log_model(client, client.get_run(run_id), model, CARD, "onions", evidence=files)
    logged = client.get_logged_model(model_id)
    assert (logged.status.value, logged.params) == ("READY", {"seed": "1"})
    assert {metric.key: metric.value for metric in logged.metrics} == {"test/accuracy": 0.5}
    (path,) = (mlflow_store / "kept").rglob("evidence/*")
    assert path.read_bytes() == b"# Onions"
    (output,) = client.get_run(run_id).outputs.model_outputs
    assert output.model_id == model_id
