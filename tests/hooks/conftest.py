from types import SimpleNamespace

import pytest
from kedro.pipeline import Node


@pytest.fixture
def make_context(load_conf, tmp_path):
    """A function that makes what a hook sees of a Kedro context."""

    def make(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", **changes):
        parameters = {**load_conf()["parameters"], **changes}
        settings = {
            "tracking_uri": uri,
            "artifacts": "kept",
            "experiment": "onions",
        }
        loader = {"parameters": parameters, "mlflow": settings}
        return SimpleNamespace(config_loader=loader, project_path=tmp_path)

    return make


@pytest.fixture
def make_node():
    """A function that makes a node which returns an outcome, or raises it."""

    def make(name, inputs=None, outcome=None):
        def do(*values):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return Node(do, inputs, name, name=f"make_{name}")

    return make
