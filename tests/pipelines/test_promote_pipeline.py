import logging

import pytest

from onion_pipeline.parameters import PromoteParameters
from onion_pipeline.pipelines.promote.pipeline import create_pipeline
from onion_pipeline.tracking.mlflow_client import import_client


@pytest.fixture
def client(mlflow_store, base_parameters):
    """The store of a model with three versions, the third of which is champion."""
    client, name = import_client(), base_parameters.register_.model_name
    client.create_registered_model(name)
    for _ in range(3):
        client.create_model_version(name, "file:///nowhere")
    client.set_registered_model_alias(name, "champion", "3")
    return client


def test_the_version_asked_for_is_promoted_and_one_line_says_so(
    run_nodes, client, base_parameters, caplog
):
    with caplog.at_level(logging.INFO, "onion_pipeline"):
        made = run_nodes(
            create_pipeline(),
            {
                "params:promote": PromoteParameters(version=2),
                "params:register": base_parameters.register_,
            },
        )
    assert made == {}
    assert str(client.get_model_version_by_alias("onion_pipeline", "champion").version) == "2"
    assert [each for each in caplog.messages if "Version" in each] == [
        "Version 2 of onion_pipeline is champion now, in place of version 3; to go back: "
        "kedro run --pipelines promote"
    ]
