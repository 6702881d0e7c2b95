import os

import click
import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset

from onion_pipeline.datasets import ImageArrayDataset
from onion_pipeline.errors import DiskError
from onion_pipeline.hooks import Preflight
from onion_pipeline.images.arrays import ArrayChunks, decoded_dtype
from onion_pipeline.storage import disk

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
        hook.before_pipeline_run(Pipeline([make_node(name) for name in names]), catalog)
        return hook

    return begin


def test_a_run_that_can_write_everywhere_begins_and_leaves_nothing_yet(begin, tmp_path):
    begin("decoded_images", "metrics", "far", "kept", "unknown")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["08", "kept"])  # the latter is MLflow's
def test_a_place_that_cannot_be_written_to_stops_the_run(begin, tmp_path, folder):
    (tmp_path / folder).touch()
    on_the_command_line = click.Context(click.Command("run"))
    with on_the_command_line, pytest.raises(click.ClickException) as caught:
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
