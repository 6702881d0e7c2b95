import logging
import multiprocessing
import os
import signal
import sys
from types import SimpleNamespace

import click
import pandas as pd
import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.io.data_catalog import SharedMemoryDataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner

from onion_pipeline.datasets import CSVDataset, ImageSourceDataset, JSONDataset
from onion_pipeline.hooks.outdated_artifacts import OutdatedArtifacts
from onion_pipeline.storage.seals import SUFFIX

FORKS = multiprocessing.get_start_method() == "fork"


def list_images(source, suffix):
    return [path for path in source.paths if path.endswith(suffix)]


def tabulate(index, power):
    table = pd.DataFrame({"path": index, "value": [len(path) ** power for path in index]})
    return table, len(table)


def describe(table, count):
    return {"rows": count, "sum": int(table["value"].sum())}


NODES = [
    Node(list_images, ["raw_images", "params:suffix"], "index", name="list_images"),
    Node(tabulate, ["index", "params:power"], ["table", "count"], name="tabulate"),
    Node(describe, ["table", "count"], "report", name="describe"),
    Node(lambda power: power, "params:power", "power", name="keep_power"),
]
ALL = ["list_images", "tabulate", "describe", "keep_power"]


class Ran:
    """Remembers which nodes ran."""

    def __init__(self):
        self.names = []

    @hook_impl
    def before_node_run(self, node):
        self.names.append(node.name)


@pytest.fixture
def photos(tmp_path, write_files):
    return write_files(tmp_path / "photos", {"a/1.png": b"one", "b/2.png": b"two"})


@pytest.fixture
def write_files():
    def write(folder, files):
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    return write


@pytest.fixture
def make_catalog(tmp_path, photos):
    def make(kind=DataCatalog, **parameters):
        values = {"suffix": ".png", "power": 1} | parameters
        data = tmp_path / "data"
        files = {
            name: JSONDataset(filepath=(data / f"{name}.json").as_posix())
            for name in ("index", "count", "report", "power")
        }
        return kind(
            {
                "raw_images": ImageSourceDataset(filepath=str(photos)),
                "table": CSVDataset(filepath=(data / "table.csv").as_posix()),
                **files,
                **{f"params:{name}": MemoryDataset(value) for name, value in values.items()},
            }
        )

    return make


@pytest.fixture
def run(make_catalog):
    """A function that runs the nodes as a Kedro session does, and says which of them ran."""

    def run(only_missing=True, nodes=NODES, runner=None, catalog=None, **parameters):
        ran = Ran()
        manager = _create_hook_manager()
        for hook in (ran, OutdatedArtifacts()):
            manager.register(hook)
        catalog = catalog or make_catalog(**parameters)
        pipeline = Pipeline(nodes)
        seen = {"run_params": {"only_missing_outputs": only_missing}, "pipeline": pipeline}
        manager.hook.before_pipeline_run(catalog=catalog, **seen)
        (runner or SequentialRunner()).run(
            pipeline, catalog, manager, only_missing_outputs=only_missing
        )
        return sorted(ran.names, key=ALL.index)

    return run


def read_all(tmp_path):
    return {
        path.name: path.read_bytes()
        for path in (tmp_path / "data").iterdir()
        if path.suffix != ".seal"
    }


@pytest.mark.parametrize("runner", [SequentialRunner, ThreadRunner])
def test_after_a_complete_run_nothing_is_missing(run, runner, caplog):
    assert run(only_missing=False, runner=runner()) == ALL
    with caplog.at_level(logging.INFO, "onion_pipeline.hooks"):
        assert run(runner=runner()) == []
    assert "Missing or out of date: nothing" in caplog.messages


@pytest.mark.skipif(not FORKS, reason="the workers are to have the settings of this process")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_workers_of_the_parallel_runner_note_it_too(run, make_catalog, monkeypatch):
    hooks = SimpleNamespace(HOOKS=(OutdatedArtifacts(),), DISABLE_HOOKS_FOR_PLUGINS=())
    monkeypatch.setattr("kedro.runner.task.settings", hooks)
    catalog = make_catalog(SharedMemoryDataCatalog)
    run(only_missing=False, nodes=NODES[:3], runner=ParallelRunner(2), catalog=catalog)
    assert run(nodes=NODES[:3]) == []


def test_a_parameter_makes_out_of_date_what_is_made_with_it_and_of_that(run, caplog):
    run(only_missing=False)
    with caplog.at_level(logging.INFO, "onion_pipeline.hooks"):
        assert run(power=2) == ["tabulate", "describe", "keep_power"]
    (message,) = (text for text in caplog.messages if text.startswith("Missing"))
    assert set(message.partition(": ")[2].split(", ")) == {"table", "count", "report", "power"}
    assert run(power=2) == []
    assert run() == ["tabulate", "describe", "keep_power"]


def change_file(photos):
    (photos / "a/1.png").write_bytes(b"another one")


def touch_file(photos):
    os.utime(photos / "a/1.png", ns=(0, 0))


def add_file(photos):
    (photos / "a/9.png").write_bytes(b"nine")


def remove_file(photos):
    (photos / "a/1.png").unlink()


@pytest.mark.parametrize("change", [change_file, touch_file, add_file, remove_file])
def test_other_images_make_out_of_date_what_is_made_of_them(run, photos, change):
    run(only_missing=False)
    change(photos)
    assert run() == ["list_images", "tabulate", "describe"]
    assert run() == []


def test_a_file_that_comes_while_the_images_are_read_is_seen_by_the_next_run(run, photos):
    def list_slowly(source, suffix):
        add_file(photos)
        return list_images(source, suffix)

    slow = Node(list_slowly, NODES[0].inputs, "index", name="list_images")
    run(only_missing=False, nodes=[slow, *NODES[1:]])
    assert run() == ["list_images", "tabulate", "describe"]


@pytest.mark.parametrize("lost", ["table.csv", "count.json"])
def test_what_is_missing_is_made_and_all_that_is_made_of_it(run, tmp_path, lost):
    run(only_missing=False)
    (tmp_path / "data" / lost).unlink()
    assert run() == ["tabulate", "describe"]


def test_a_damaged_artifact_is_named_once_and_made_anew(run, tmp_path, caplog):
    run(only_missing=False)
    path = tmp_path / "data" / "table.csv"
    good = path.read_bytes()
    path.write_bytes(good[:-2])
    assert run() == ["tabulate", "describe"]
    assert path.read_bytes() == good
    assert len([text for text in caplog.messages if str(path) in text]) == 1


def test_an_artifact_that_no_run_has_made_is_out_of_date(run, make_catalog):
    run(only_missing=False)
    make_catalog().save("index", ["a/1.png"])
    assert run() == ["list_images", "tabulate", "describe"]


def test_other_code_makes_all_out_of_date(run, monkeypatch):
    run(only_missing=False)
    monkeypatch.setattr("onion_pipeline.origin.hash_code", lambda: "other")
    assert run() == ALL


def test_a_renamed_node_makes_its_artifacts_anew(run):
    run(only_missing=False)
    renamed = Node(tabulate, NODES[1].inputs, NODES[1].outputs, name="keep_power2")
    with pytest.raises(ValueError, match="keep_power2"):  # it runs, and is not one of ALL
        run(nodes=[NODES[0], renamed, *NODES[2:]])


def test_without_the_option_all_nodes_run(run):
    run(only_missing=False)
    assert run(only_missing=False) == ALL


def test_an_input_from_outside_counts_by_its_seal(run, make_catalog):
    run(only_missing=False)
    assert run(nodes=NODES[1:]) == []
    make_catalog().save("index", ["a/1.png"])
    assert run(nodes=NODES[1:]) == ["tabulate", "describe"]
    assert run(nodes=NODES[1:]) == []


def test_what_is_made_of_unknown_things_is_always_made_anew(run, make_catalog):
    nodes = [Node(lambda value: value, "params:predict", "power", name="keep_power")]
    for _ in range(2):
        assert run(nodes=nodes, catalog=make_catalog(predict=3)) == ["keep_power"]
    nodes = [Node(lambda value: value, "given", "power", name="keep_power")]
    for _ in range(2):
        catalog = make_catalog()
        catalog["given"] = MemoryDataset(3)
        assert run(nodes=nodes, catalog=catalog) == ["keep_power"]


def test_between_a_save_and_its_note_an_artifact_is_out_of_date(run, monkeypatch):
    run(only_missing=False)
    with monkeypatch.context() as patch:
        patch.setattr("onion_pipeline.hooks.outdated_artifacts.amend_seal", lambda path, **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(nodes=NODES[1:3], power=2)
    assert run() == ["tabulate", "describe"]


def test_a_mistake_in_a_table_of_images_is_a_message(run, photos, make_catalog):
    (photos / "labels.csv").write_text("name\n1.png\n")
    catalog = make_catalog()
    catalog["raw_images"] = ImageSourceDataset(filepath=str(photos / "labels.csv"))
    with (
        click.Context(click.Command("run")),
        pytest.raises(click.ClickException, match="no column 'path'"),
    ):
        run(catalog=catalog)


def be_killed(run, folder, event):
    """Run two nodes, but end at the given one of all steps that touch a file in `folder`."""
    steps = 0

    def count(name, arguments):
        nonlocal steps
        if name in {"open", "os.rename", "os.remove"} and str(folder) in str(arguments[0]):
            steps += 1
            if steps == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    run(only_missing=False, nodes=NODES[:2])
    os._exit(0)


@pytest.mark.slow
@pytest.mark.skipif(not FORKS, reason="a process that is forked off")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_whenever_a_run_is_killed_the_rest_gives_the_same_bytes(run, tmp_path):
    run(only_missing=False, nodes=NODES[:2])
    expected = read_all(tmp_path)
    for event in range(1, 500):
        run(nodes=NODES[:2], suffix="1.png", power=3)  # earlier, complete, and of other parameters
        child = multiprocessing.Process(target=be_killed, args=(run, tmp_path / "data", event))
        child.start()
        child.join()
        run(nodes=NODES[:2])
        assert read_all(tmp_path) == expected
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert event > 20
    assert run(nodes=NODES[:2]) == []
    names = {path.name for path in (tmp_path / "data").iterdir()}
    assert names == {name + suffix for name in expected for suffix in ("", SUFFIX)}
