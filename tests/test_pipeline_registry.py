import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro_viz.data_access.managers import DataAccessManager

from onion_pipeline.pipeline_registry import register_pipelines

# Arguments that may be called otherwise than the entry of the catalog that they get, by
# (node, argument), each with a reason.
OTHERWISE: dict[tuple[str, str], str] = {}
VERBS = ["ingest", "augment", "build", "train", "evaluate", "explain", "register"]
EXTRA = ["predict", "promote", "verify", "audit", "find_learning_rate"]
LAYERS = [
    "raw",
    "intermediate",
    "primary",
    "model_input",
    "feature",
    "models",
    "model_output",
    "reporting",
]
HEAVY = {
    "tensorflow",
    "keras",
    "mlflow",
    "albumentations",
    "matplotlib",
    "plotly",
    "sklearn",
    "cleanlab",
}


@pytest.fixture(scope="module")
def pipelines():
    return register_pipelines()


def test_every_verb_is_a_pipeline(pipelines):
    assert set(pipelines) == {*VERBS, *EXTRA, "__default__"}
    assert [name for name, pipeline in pipelines.items() if not pipeline.nodes] == []


def test_the_default_runs_every_verb_but_the_extra_ones(pipelines):
    expected = {node for verb in VERBS for node in pipelines[verb].nodes}
    assert set(pipelines["__default__"].nodes) == expected
    assert not expected & {node for verb in EXTRA for node in pipelines[verb].nodes}


def test_an_audit_needs_nothing_but_what_the_default_leaves(pipelines):
    needed = pipelines["audit"].inputs()
    made = pipelines["__default__"].all_outputs()
    assert {name for name in needed if not name.startswith("params:")} <= made


def test_the_default_needs_nothing_but_images_parameters_and_a_folder(pipelines):
    needed = pipelines["__default__"].inputs()
    given = {name for name in needed if not name.startswith("params:")}
    assert given == {"raw_images", "training_checkpoints"}


@pytest.mark.parametrize("verb", [*VERBS, *EXTRA])
def test_a_node_bears_the_name_of_its_function_and_the_tag_of_its_pipeline(pipelines, verb):
    own = [node for node in pipelines[verb].nodes if not node.tags & (set(VERBS) - {verb})]
    assert [node.name for node in own] == [f"{verb}.{node.func.__name__}" for node in own]
    assert {frozenset(node.tags) for node in own} == {frozenset({verb})}


@pytest.mark.parametrize("verb", [*VERBS, *EXTRA])
def test_an_argument_has_the_name_of_the_entry_of_the_catalog_that_it_gets(pipelines, verb):
    misnamed = [
        (node.name, argument, entry)
        for node in pipelines[verb].nodes
        if node.tags == {verb}  # `verify` gives entries of its own to nodes of other pipelines
        for argument, entry in zip(signature(node.func).parameters, node.inputs, strict=False)
        if argument not in _name_argument(entry.removeprefix("verify."))
    ]
    assert [each for each in misnamed if each[:2] not in OTHERWISE] == []


def _name_argument(entry: str) -> set[str]:
    """The names that an argument may have: parameters are those of a group, or go by its name."""
    if not entry.startswith("params:"):
        return {entry}
    return {"parameters", entry.removeprefix("params:").rpartition(".")[2]}


def test_kedro_viz_opens_with_one_box_for_each_verb(pipelines):
    boxes = pipelines["__default__"].group_nodes_by("namespace")
    assert {box.name: box.type for box in boxes} == dict.fromkeys(VERBS, "namespace")
    for verb in (*VERBS, *EXTRA):
        assert {node.namespace for node in pipelines[verb].nodes} == {verb}


@pytest.fixture(scope="module")
def viz(pipelines, load_conf):
    """What Kedro-Viz knows, which counts a namespace's box among the nodes, too."""
    conf = load_conf()
    entries = {name: entry.get("metadata") for name, entry in conf["catalog"].items()}
    data = {name: MemoryDataset(metadata=metadata) for name, metadata in entries.items()}
    parameters = {f"params:{name}": MemoryDataset({}) for name in conf["parameters"]}
    known = DataAccessManager()
    known.add_catalog(DataCatalog(data | parameters), pipelines)
    known.add_pipelines(pipelines)
    return known


@pytest.mark.parametrize("verb", [*VERBS, *EXTRA, "__default__"])
def test_the_layers_of_the_data_follow_one_another_without_a_circle(viz, verb):
    viz.create_modular_pipelines_tree_for_registered_pipeline(verb)
    shown = viz.get_sorted_layers_for_registered_pipeline(verb)  # none if there is a circle
    assert set(shown) == set(LAYERS)
    assert verb != "__default__" or shown == LAYERS


def test_to_verify_is_to_do_again_all_that_a_model_is_made_of(pipelines):
    again = {node.name for node in pipelines["verify"].nodes if len(node.tags) > 1}
    made = ("calibrated_model", "serving_config")
    needed = pipelines["__default__"].to_outputs(*made).nodes
    assert again == {f"verify.{node.func.__name__}" for node in needed}


def test_to_verify_writes_over_no_artifact_of_a_run(pipelines):
    assert not pipelines["verify"].all_outputs() & pipelines["__default__"].datasets()
    given = {name for name in pipelines["verify"].inputs() if not name.startswith("params:")}
    assert given == {"raw_images", "verify.training_checkpoints"}


def test_no_training_begins_before_the_comparison(pipelines):
    compared = pipelines["verify"].from_nodes("verify.check_lineage").nodes
    names = {"augment_images", "build_model", "train_model", "compare_weights"}
    assert {f"verify.{name}" for name in names} <= {node.name for node in compared}


def test_a_node_says_in_one_line_what_it_does(pipelines):
    lines = {
        node.name: (node.func.__doc__ or "").partition("\n")[0]
        for pipeline in pipelines.values()
        for node in pipeline.nodes
    }
    assert [name for name, line in lines.items() if not line.endswith(".")] == []


def test_registering_imports_no_heavy_library():
    code = (
        "import sys; from onion_pipeline.pipeline_registry import register_pipelines; "
        "register_pipelines(); print(*sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1] / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(said.stdout.split())
    assert "onion_pipeline.pipelines.train.nodes" in imported
    assert "onion_pipeline.pipelines.audit.nodes" in imported
    assert HEAVY & imported == set()
