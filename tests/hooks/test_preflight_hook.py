import os
from types import SimpleNamespace

import click
import numpy as np
import pandas as pd
import pytest
from kedro.config import MissingConfigException
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset

from onion_pipeline.datasets import CSVDataset as SealedDataset
from onion_pipeline.datasets import ImageArrayDataset, ImageSourceDataset
from onion_pipeline.errors import ConfigurationError, DiskError
from onion_pipeline.hooks.preflight import Preflight
from onion_pipeline.images.arrays import ArrayChunks, decoded_dtype
from onion_pipeline.storage import disk

ON_THE_COMMAND_LINE = click.Context(click.Command("run"))
MISSPELT = {"augment": {"copies": 1, "keep": True, "transforms": [{"HorizontalFlp": None}]}}
SHAPE = (8, 8, 1)
DECODED = ArrayChunks(decoded_dtype(SHAPE), (), (), rows=1000)


@pytest.fixture
def catalog(tmp_path):
    return DataCatalog(
        {
            "decoded_images": ImageArrayDataset(filepath=str(tmp_path / "02" / "decoded.npy")),
            "train_images": ImageArrayDataset(filepath=str(tmp_path / "05" / "train.npy")),
            "metrics": JSONDataset(filepath=(tmp_path / "08" / "metrics.json").as_posix()),
            "far": CSVDataset(filepath="memory://far.csv"),
            "kept": MemoryDataset(),
        }
    )


@pytest.fixture
def begin(make_context, catalog, make_node):
    """A function that lets the hook see the beginning of a run that makes `names`."""

    def begin(*names):
        hook = Preflight()
        hook.after_context_created(make_context())
        hook.before_pipeline_run({}, Pipeline([make_node(name) for name in names]), catalog)
        return hook

    return begin


def test_a_run_that_can_write_everywhere_begins_and_leaves_nothing_yet(begin, tmp_path):
    begin("decoded_images", "metrics", "far", "kept", "unknown")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["08", "kept"])  # the latter is MLflow's
def test_a_place_that_cannot_be_written_to_stops_the_run(begin, tmp_path, folder):
    (tmp_path / folder).touch()
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        begin("metrics")
    assert f"{tmp_path / folder} cannot be written to" in caught.value.message


def test_places_of_other_pipelines_do_not_matter(begin, tmp_path):
    (tmp_path / "08").touch()
    begin("decoded_images")


def test_too_little_room_for_all_that_is_to_come_stops_the_run(begin, monkeypatch, tmp_path):
    decoded = 1000 * decoded_dtype(SHAPE).itemsize
    monkeypatch.setattr(disk, "measure_room", lambda path: decoded + 1000)
    begin("decoded_images").before_dataset_saved("decoded_images", DECODED)
    hook = begin("decoded_images", "train_images")
    with pytest.raises(DiskError, match=r"decoded\.npy .*this run will take 0\.1 MB"):
        hook.before_dataset_saved("decoded_images", DECODED)
    (tmp_path / "05").mkdir()
    (tmp_path / "05" / "train.npy").write_bytes(bytes(decoded + 1000))  # which goes
    hook.before_dataset_saved("decoded_images", DECODED)


@pytest.mark.parametrize(
    "data", [DECODED._replace(rows=None), np.zeros(3), {"accuracy": os.cpu_count()}]
)
def test_what_has_no_known_size_is_let_through(begin, monkeypatch, data):
    monkeypatch.setattr(disk, "measure_room", lambda path: 0)
    begin("decoded_images").before_dataset_saved("decoded_images", data)


def make_preflight(make_context, **changes):
    preflight = Preflight()
    preflight.after_context_created(make_context(**changes))
    return preflight


def test_parameters_are_checked_as_soon_as_they_are_known(make_context):
    Preflight().after_context_created(make_context())
    with pytest.raises(ConfigurationError, match="seed is -1"):
        Preflight().after_context_created(make_context(seed=-1))


def test_on_the_command_line_a_mistake_is_a_message(make_context):
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        Preflight().after_context_created(make_context(seed=-1))
    assert "seed is -1" in caught.value.message
    assert caught.value.exit_code == 1


def test_transforms_are_checked_before_a_run_that_needs_them(make_context, make_node):
    preflight = make_preflight(make_context, **MISSPELT)
    needs = Pipeline([make_node("augmentation_policy")])
    with pytest.raises(ConfigurationError, match="did you mean 'HorizontalFlip'"):
        preflight.before_pipeline_run({}, needs, DataCatalog())


def test_transforms_are_not_looked_up_for_other_runs(make_context, make_node):
    preflight = make_preflight(make_context, **MISSPELT)
    preflight.before_pipeline_run({}, Pipeline([make_node("metrics")]), DataCatalog())


def test_weights_that_are_not_there_stop_a_run_that_builds_a_network(
    make_context, tmp_path, make_node
):
    """And not when all pictures have been read."""
    layers = [
        {"backbone": {"name": "resnet50_v2", "weights": str(tmp_path / "mine.h5")}},
        "flatten",
    ]
    preflight = make_preflight(make_context, build={"layers": layers})
    catalog = DataCatalog({"raw_images": ImageSourceDataset(filepath=str(tmp_path / "nowhere"))})
    builds = Pipeline([make_node("image_index", "raw_images"), make_node("untrained_model")])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match=r"no file .*mine\.h5"):
        preflight.before_pipeline_run({}, builds, catalog)
    preflight.before_pipeline_run({}, Pipeline([make_node("metrics")]), DataCatalog())


@pytest.mark.parametrize("name", ["raw_images", "new_images"])
def test_the_path_of_the_images_is_checked_before_a_run(make_context, tmp_path, name, make_node):
    catalog = DataCatalog({name: ImageSourceDataset(filepath=str(tmp_path / "nowhere"))})
    reads = Pipeline([make_node("image_index", name)])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match="No images at"):
        make_preflight(make_context).before_pipeline_run({}, reads, catalog)
    make_preflight(make_context).before_pipeline_run({}, Pipeline([make_node("metrics")]), catalog)


def test_a_run_that_begins_in_the_middle_says_what_is_not_made_yet(
    make_context, tmp_path, make_node
):
    preflight, names = make_preflight(make_context), ["d", "a", "c", "b"]
    catalog = DataCatalog({name: SealedDataset(filepath=str(tmp_path / name)) for name in names})
    reads = Pipeline([make_node("metrics", names)])
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException) as caught:
        preflight.before_pipeline_run({}, reads, catalog)
    assert "read by this run: a, b, c and 1 more. Earlier steps" in caught.value.message
    for name in names[:3]:
        catalog.save(name, pd.DataFrame({"a": [1]}))
        (tmp_path / name).unlink()
    with pytest.raises(ConfigurationError, match=r"by this run: b\. Earlier"):
        preflight.before_pipeline_run({"only_missing_outputs": True}, reads, catalog)
    for name in names:
        catalog.save(name, pd.DataFrame({"a": [1]}))
    preflight.before_pipeline_run({}, reads, catalog)


def test_an_unknown_environment_is_a_message_that_names_the_known_ones(tmp_path):
    class Loader(dict):
        conf_source = str(tmp_path / "conf")

        def __missing__(self, key):
            raise MissingConfigException(f"Given configuration path does not exist: {key}")

    (tmp_path / "conf" / "photos").mkdir(parents=True)
    context = SimpleNamespace(config_loader=Loader(), project_path=tmp_path, env="photo")
    with ON_THE_COMMAND_LINE, pytest.raises(click.ClickException, match=r"did you mean 'photos'\?"):
        Preflight().after_context_created(context)


def test_a_folder_without_parameter_files_is_named(tmp_path):
    class Loader(dict):
        conf_source = str(tmp_path)

        def __missing__(self, key):
            raise MissingConfigException(f"Given configuration path does not exist: {key}")

    context = SimpleNamespace(config_loader=Loader(), project_path=tmp_path, env=None)
    with pytest.raises(ConfigurationError, match=r"no parameters\*.yml in .*base.*--conf-source"):
        Preflight().after_context_created(context)


def test_a_version_of_an_entry_that_has_none_is_refused(make_context, tmp_path, make_node):
    """Kedro passes over it in silence."""
    preflight, made = make_preflight(make_context), Pipeline([make_node("metrics")])
    path = str(tmp_path / "table.csv")
    catalog = DataCatalog.from_config(
        {
            "metrics": {"type": "pandas.CSVDataset", "filepath": path},
            "table": {"type": "pandas.CSVDataset", "filepath": path, "versioned": True},
        }
    )
    preflight.before_pipeline_run({"load_versions": {"table": "2024"}}, made, catalog)
    with pytest.raises(ConfigurationError, match="metrics has no versions"):
        preflight.before_pipeline_run({"load_versions": {"metrics": "2024"}}, made, catalog)
