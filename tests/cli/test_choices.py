import os
import subprocess
import sys
from pathlib import Path

import pytest
from kedro.framework import project
from kedro.framework.cli.utils import find_run_command
from kedro.pipeline import Node, Pipeline

from onion_pipeline import cli
from onion_pipeline.cli.choices import check_choices
from onion_pipeline.errors import ConfigurationError


def pass_on(data):
    return data


ONE = Pipeline(
    [
        Node(pass_on, "raw", "images", name="read_images", namespace="ingest.files"),
        Node(pass_on, "images", "model", name="train_model", tags=["slow"]),
    ]
)
OTHER = Pipeline([Node(pass_on, "new", "predictions", name="predict_images")])


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    found = {"one": ONE, "other": OTHER, "__default__": ONE}
    monkeypatch.setattr(project, "pipelines", found)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tags": ["slow"]},
        {"node_names": ["train_model"], "pipelines": ["one", "other"]},
        {"node_names": ["ingest.files.read_images"]},
        {"from_nodes": ["train_model"], "to_outputs": ["model"]},
        {"namespaces": ["ingest"]},
        {"namespaces": ["ingest.files"]},
        {"from_inputs": ["raw"]},
        {"pipelines": ["other"], "to_nodes": ["predict_images"]},
        {"runner": "ThreadRunner", "runner_params": {"max_workers": 2, "is_async": False}},
        {"runner": "kedro.runner.ParallelRunner"},
        {"load_versions": {"predictions": "2024"}},
    ],
)
def test_what_is_there_may_be_chosen(options):
    check_choices(options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tags": ["slwo"]}, "--tags: 'slwo' is unknown; did you mean 'slow'?"),
        ({"tags": ["x"], "pipelines": ["other"]}, "--tags: no node has a tag, so there is no 'x'"),
        ({"node_names": ["train_modl"]}, "--nodes: 'train_modl' .* did you mean 'train_model'?"),
        ({"from_nodes": ["nosuch"]}, "--from-nodes: 'nosuch' is unknown. Allowed: ingest.files"),
        ({"to_nodes": ["predict_images"]}, "is not in __default__ but in other: add --pipelines"),
        (
            {"from_inputs": ["nosuch"]},
            "--from-inputs: 'nosuch' is unknown. Allowed: .*, raw.$",
        ),
        ({"to_outputs": ["modle"]}, "--to-outputs: 'modle' is unknown; did you mean 'model'?"),
        ({"to_outputs": ["raw"]}, "--to-outputs: no node makes 'raw': .* what --from-inputs takes"),
        ({"from_inputs": ["model"]}, "no node reads 'model': .* what --to-outputs takes"),
        ({"namespaces": ["ingst"]}, "--namespaces: 'ingst' is unknown; did you mean 'ingest'?"),
        ({"pipelines": ["one", "othr"]}, "--pipelines: 'othr' is unknown; did you mean 'other'?"),
        ({"pipeline": "nosuch"}, "--pipelines: 'nosuch' is unknown. Allowed: __default__, one"),
        ({"load_versions": {"modle": "2024"}}, "--load-versions: 'modle' .*mean '.*model'?"),
        (
            {"from_nodes": ["train_model"], "to_nodes": ["ingest.files.read_images"]},
            "No node is left to run: all that --from-nodes train_model --to-nodes ingest.files",
        ),
        ({"runner": "ThreadRuner"}, "--runner: 'ThreadRuner' .* did you mean 'ThreadRunner'?"),
        ({"runner": "no.such.Runner"}, "--runner: 'no.such.Runner' is unknown"),
        ({"runner": "os.path"}, "--runner: os.path runs no pipeline"),
        ({"runner": "AbstractRunner"}, "--runner: AbstractRunner runs no pipeline"),
        ({"runner_params": {"max_worker": 2}}, "--runner-params: 'max_worker' is unknown"),
        (
            {"runner": "ThreadRunner", "runner_params": {"max_workers": 0}},
            "max_workers is 0; it must be a whole number",
        ),
    ],
)
def test_what_is_nowhere_is_named_with_the_nearest_name(options, said):
    with pytest.raises(ConfigurationError, match=said):
        check_choices(options)


@pytest.mark.parametrize(
    ("option", "listing"),
    [("node_names", "registry describe"), ("to_outputs", "catalog describe-datasets")],
)
def test_of_many_names_the_command_that_lists_them_is_said(monkeypatch, option, listing):
    nodes = [Node(pass_on, f"in{n}", f"out{n}", name=f"node{n}") for n in range(31)]
    found = {"__default__": Pipeline(nodes)}
    monkeypatch.setattr(project, "pipelines", found)
    with pytest.raises(ConfigurationError, match=rf"Allowed: \d+ names. 'kedro {listing}' lists"):
        check_choices({option: ["zzz"]})


def test_kedro_finds_the_command_and_its_help_is_kedros():
    run = find_run_command("onion_pipeline")
    assert run is cli.run
    names = {option.name for option in run.params}
    assert {"params", "tags", "only_missing_outputs"} <= names
    with pytest.raises(AttributeError, match="nosuch"):
        cli.nosuch  # noqa: B018


def test_other_commands_do_not_import_what_this_one_needs():
    code = (
        "import sys, onion_pipeline.cli;"
        "print([m for m in sys.modules if m.startswith(('onion_pipeline', 'kedro.framework.ses'))])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "['onion_pipeline', 'onion_pipeline.cli']"
