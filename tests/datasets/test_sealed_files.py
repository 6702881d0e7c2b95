import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from kedro_viz.models.flowchart.node_metadata import DataNodeMetadata
from kedro_viz.models.flowchart.nodes import DataNode
from plotly.graph_objects import Bar, Figure

from onion_pipeline.datasets import JSONDataset, PageDataset, PlotlyPageDataset, TextDataset
from onion_pipeline.datasets.sealed_files import MARK

TEXT = "# 28\u00a0\u00d7\u00a028\n\nA \U0001f9c5.\n"


def test_json_has_no_number_that_is_none(tmp_path):
    path = tmp_path / "figures.json"
    figures = {
        "f1": [math.nan, 0.5],
        "low": np.float64("-inf"),
        "pair": (1, math.inf),
        "name": "NaN",
    }
    JSONDataset(filepath=path.as_posix()).save(figures)
    expected = {"f1": [None, 0.5], "low": None, "pair": [1, None], "name": "NaN"}
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == expected


def test_a_text_comes_back_and_is_the_same_bytes_everywhere(tmp_path):
    dataset = TextDataset(filepath=(tmp_path / "card.md").as_posix())
    dataset.save(TEXT)
    assert dataset.load() == TEXT
    assert (tmp_path / "card.md").read_bytes() == TEXT.encode()


def test_kedro_viz_finds_the_page_and_its_kind(tmp_path):
    dataset = PageDataset(filepath=(tmp_path / "card.html").as_posix())
    dataset.save(TEXT)
    node = DataNode(name="a", id="a", tags=set(), layer="reporting", kedro_obj=dataset)
    found = DataNodeMetadata(data_node=node)
    assert (found.preview_type, found.preview) == ("HTMLPreview", TEXT)


@pytest.fixture
def dataset(tmp_path: Path) -> PlotlyPageDataset:
    return PlotlyPageDataset(filepath=str(tmp_path / "08_reporting" / "figure.html"))


def make_figure(title: str = "Curves") -> Figure:
    return Figure(Bar(x=["cats", "dogs"], y=[3, 5])).update_layout(title=title)


@pytest.mark.parametrize(
    "title",
    [
        "Curves",
        "Größe: 犬 & <b>Katze</b> \"'\\",
        "</script><script>alert(1)</script>",
        "</body></html>",
        MARK + "{}</script>",
    ],
)
def test_a_figure_comes_back(dataset, title):
    dataset.save(make_figure(title))
    loaded = dataset.load()
    assert isinstance(loaded, Figure)
    assert loaded == make_figure(title)


def test_the_last_figure_saved_comes_back(dataset):
    dataset.save(make_figure("first"))
    dataset.save(make_figure("second"))
    assert dataset.load().layout.title.text == "second"


def test_the_page_needs_no_network(dataset, tmp_path):
    dataset.save(make_figure())
    page = (tmp_path / "08_reporting" / "figure.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    assert "Plotly.newPlot" in page


def test_a_title_cannot_close_the_script(dataset, tmp_path):
    dataset.save(make_figure("</script><b>out</b>"))
    page = (tmp_path / "08_reporting" / "figure.html").read_text(encoding="utf-8")
    assert "</script><b>out" not in page


def test_the_same_figure_makes_the_same_page(dataset, tmp_path):
    pages = []
    for _ in range(2):
        dataset.save(make_figure())
        pages.append((tmp_path / "08_reporting" / "figure.html").read_bytes())
    assert pages[0] == pages[1]


def test_the_preview_is_the_figure_as_json(dataset):
    dataset.save(make_figure())
    assert dict(dataset.preview()) == json.loads(make_figure().to_json())


def test_its_text_names_the_file_and_its_metadata_is_kept():
    dataset = PlotlyPageDataset(filepath="some/figure.html", metadata={"a": 1})
    assert "figure.html" in str(dataset)
    assert dataset.metadata == {"a": 1}
