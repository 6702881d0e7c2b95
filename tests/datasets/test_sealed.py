import base64
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError, Version
from kedro_viz.models.flowchart.node_metadata import DataNodeMetadata
from kedro_viz.models.flowchart.nodes import DataNode
from matplotlib.figure import Figure
from plotly.graph_objects import Figure as PlotlyFigure

from onion_pipeline.datasets import (
    CSVDataset,
    ImageArrayDataset,
    JSONDataset,
    MatplotlibDataset,
    ParquetDataset,
    PlotlyPageDataset,
    TextDataset,
)
from onion_pipeline.errors import DamagedFileError
from onion_pipeline.hooks.messages import find_onion_error
from onion_pipeline.storage.seals import check_seal, locate_seal

TABLE = pd.DataFrame({"class": ["cats", "dogs"], "count": [3, 5]})
VALUES = {"classes": ["cats", "dogs"], "share": 0.5}


def draw():
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    return figure


class NoText:
    def __str__(self):
        raise OSError("disk full")


class HalfFigure(Figure):
    def savefig(self, file, **_):
        file.write(b"half")
        raise OSError("disk full")


# What is saved, and what fails to be saved after some bytes.
STOCK = {
    CSVDataset: ("a.csv", TABLE, pd.DataFrame({"a": [1, NoText()]})),
    ParquetDataset: ("a.parquet", TABLE, pd.DataFrame({"a": [1, "one"]})),
    JSONDataset: ("a.json", VALUES, {"a": 1, "b": object()}),
    MatplotlibDataset: ("a.png", draw(), HalfFigure()),
    PlotlyPageDataset: ("a.html", PlotlyFigure(), object()),
    TextDataset: ("a.md", "# A card", object()),
}
EVERY = STOCK | {ImageArrayDataset: ("a.npy", np.zeros((2, 3, 3, 1), np.uint8))}
PREVIEWS = {
    CSVDataset: "TablePreview",
    ParquetDataset: "TablePreview",
    JSONDataset: "JSONPreview",
    MatplotlibDataset: "ImagePreview",
    PlotlyPageDataset: "PlotlyPreview",
}


@pytest.fixture(params=STOCK, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture
def path(tmp_path, kind) -> Path:
    return tmp_path / "08_reporting" / STOCK[kind][0]


@pytest.fixture
def dataset(kind, path):
    return kind(filepath=path.as_posix(), metadata={"kedro-viz": {"layer": "reporting"}})


@pytest.fixture
def content(kind):
    return STOCK[kind][1]


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(0, 0))  # not in the same tick of the clock


def read(dataset):
    """Read the file in the way that the dataset offers."""
    return dataset.preview() if isinstance(dataset, MatplotlibDataset) else dataset.load()


def test_what_is_saved_comes_back(dataset, content):
    dataset.save(content)
    assert dataset.exists()
    if isinstance(dataset, MatplotlibDataset):
        assert base64.b64decode(dataset.preview()).startswith(b"\x89PNG")
    elif isinstance(content, pd.DataFrame):
        pd.testing.assert_frame_equal(dataset.load(), content)
    else:
        assert dataset.load() == content


def test_a_save_leaves_one_file_and_its_seal(dataset, content, path):
    dataset.save(content)
    dataset.save(content)
    assert sorted(path.parent.iterdir()) == [path, locate_seal(path)]
    assert dataset.find_path() == path
    assert dataset.find_state() == check_seal(path).checksum


def test_a_failed_save_keeps_the_earlier_file_and_names_it(dataset, kind, content, path):
    dataset.save(content)
    before = path.read_bytes()
    with pytest.raises(DatasetError) as caught:
        dataset.save(STOCK[kind][2])
    assert path.as_posix() in str(caught.value)
    assert f".{os.getpid()}." not in str(caught.value)
    assert "versioned" not in str(caught.value)
    assert path.read_bytes() == before
    assert dataset.exists()
    assert sorted(path.parent.iterdir()) == [path, locate_seal(path)]


def test_a_first_save_that_fails_leaves_nothing(dataset, kind, path):
    with pytest.raises(DatasetError):
        dataset.save(STOCK[kind][2])
    assert not dataset.exists()
    assert not list(path.parent.glob("*"))


@pytest.mark.parametrize("every", EVERY, ids=lambda kind: kind.__name__)
def test_a_file_with_a_flipped_bit_is_refused_by_name(every, tmp_path, caplog):
    name, content, *_ = EVERY[every]
    dataset = every(filepath=(tmp_path / name).as_posix())
    dataset.save(content)
    damage(tmp_path / name)
    assert not dataset.exists()
    assert f"Counts as missing: {tmp_path / name} is not what was written" in caplog.text
    with pytest.raises((DatasetError, DamagedFileError)) as caught:
        read(dataset)
    error = find_onion_error(caught.value)
    assert isinstance(error, DamagedFileError)
    assert f"{tmp_path / name} is not what was written" in str(error)


def test_a_damaged_file_is_one_message_behind_kedros_own(dataset, content, path):
    dataset.save(content)
    damage(path)
    if isinstance(dataset, MatplotlibDataset):
        return  # it cannot be loaded
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, DamagedFileError)


def test_an_unfinished_file_does_not_exist(dataset, content, path):
    dataset.save(content)
    locate_seal(path).unlink()
    assert not dataset.exists()
    with pytest.raises((DatasetError, DamagedFileError), match="has no seal"):
        read(dataset)


def test_a_missing_file_does_not_exist_without_a_word(dataset, path, caplog):
    assert not dataset.exists()
    assert dataset.find_state() is None
    assert not caplog.records
    with pytest.raises((DatasetError, FileNotFoundError), match=path.name):
        read(dataset)


def test_an_outdated_file_counts_as_missing_and_can_be_read(dataset, content):
    dataset.save(content)
    dataset.outdated = True
    assert not dataset.exists()
    assert read(dataset) is not None


def test_kedro_viz_finds_the_preview_and_its_kind(dataset, content, kind):
    dataset.save(content)
    node = DataNode(name="a", id="a", tags=set(), layer="reporting", kedro_obj=dataset)
    found = DataNodeMetadata(data_node=node)
    assert found.type.endswith(f".{kind.__name__}")
    assert found.preview_type == PREVIEWS.get(kind)
    assert bool(found.preview) == (kind in PREVIEWS)
    assert found.filepath.endswith(STOCK[kind][0])


def test_it_can_be_sent_to_another_process(dataset, content):
    dataset.save(content)
    assert pickle.loads(pickle.dumps(dataset)).exists()


def test_the_arguments_are_those_of_kedro_datasets(tmp_path):
    path = tmp_path / "a.json"
    JSONDataset(filepath=path.as_posix(), save_args={"indent": 2}).save(VALUES)
    assert path.read_text() == json.dumps(VALUES, indent=2)
    with pytest.raises(TypeError, match="indent"):
        JSONDataset(filepath=path.as_posix(), indent=2)


def test_each_version_has_a_seal(tmp_path):
    path = tmp_path / "a.json"
    for version in ("1", "2"):
        JSONDataset(filepath=path.as_posix(), version=Version(None, version)).save({"is": version})
    assert JSONDataset(filepath=path.as_posix(), version=Version("1", None)).load() == {"is": "1"}
    latest = JSONDataset(filepath=path.as_posix(), version=Version(None, None))
    assert latest.load() == {"is": "2"}
    damage(path / "2" / "a.json")
    assert not latest.exists()


@pytest.mark.parametrize("do", [lambda dataset: dataset.save(VALUES), JSONDataset.load])
def test_a_file_elsewhere_is_refused(do):
    with pytest.raises(DatasetError, match="must be on a local disk"):
        do(JSONDataset(filepath="memory://bucket/a.json"))
