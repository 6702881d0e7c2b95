import json
import re
from pathlib import Path

import pytest
from kedro.io import DatasetError
from plotly.graph_objects import Bar, Figure

from onion_pipeline.datasets.plotly_page_dataset import MARK, PlotlyPageDataset


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


def fail_half_way(path: Path, *_: object, **__: object) -> None:
    path.write_bytes(b"<html>")
    raise OSError("disk full")


def test_a_failed_save_keeps_the_earlier_page(dataset, tmp_path, monkeypatch):
    dataset.save(make_figure("earlier"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", fail_half_way)
        with pytest.raises(DatasetError, match="disk full"):
            dataset.save(make_figure("later"))
    assert dataset.load().layout.title.text == "earlier"
    names = sorted(path.name for path in (tmp_path / "08_reporting").iterdir())
    assert names == ["figure.html", "figure.html.seal"]


def test_a_page_exists_once_it_is_saved(dataset):
    assert not dataset.exists()
    dataset.save(make_figure())
    assert dataset.exists()


def test_a_missing_page_cannot_be_loaded(dataset):
    with pytest.raises(DatasetError, match=r"figure\.html"):
        dataset.load()


def test_its_text_names_the_file_and_its_metadata_is_kept():
    dataset = PlotlyPageDataset(filepath="some/figure.html", metadata={"a": 1})
    assert "figure.html" in str(dataset)
    assert dataset.metadata == {"a": 1}
