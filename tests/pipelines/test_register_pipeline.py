import pytest

from onion_pipeline.images.decoding import Rendering
from onion_pipeline.pipelines.register import nodes
from onion_pipeline.pipelines.register.pipeline import create_pipeline
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.versions import ModelVersion


class Network:
    """Stands in for a Keras model, of which this pipeline reads the shape alone."""

    input_shape = (None, 12, 16, 3)


@pytest.fixture
def registered(monkeypatch):
    """What was given to the registry, which is tested in tests/registry."""
    given = []

    def register_model(*arguments):
        given.append(arguments)
        return ModelVersion("onions", "3", "challenger", "models:/onions/3", "abc", "5a", "kedro")

    monkeypatch.setattr(nodes.versions, "register_model", register_model)
    return given


def test_the_model_is_registered_with_its_classes_and_preprocessing(
    run_nodes, registered, base_parameters
):
    model = Network()
    made = run_nodes(
        create_pipeline(),
        {
            "trained_model": model,
            "class_names": ["a", "b"],
            "metrics": {"accuracy": 0.5, "test_images": 2},
            "params:ingest": base_parameters.ingest.model_copy(update={"resize": "crop"}),
            "params:register": base_parameters.register_,
        },
    )
    card = ModelCard(["a", "b"], (12, 16, 3), Rendering("crop"))
    assert registered == [(model, card, "onion_pipeline", "auto")]
    assert made["registration"] == {
        "model_name": "onions",
        "version": "3",
        "alias": "challenger",
        "uri": "models:/onions/3",
        "run_id": "abc",
        "checksum": "5a",
        "command": "kedro",
        "status": "registered",
        "accuracy": 0.5,
    }
