import numpy as np
import pandas as pd
import pytest

from onion_pipeline.images.quality.quality_figures import draw_data_report, draw_suspects


@pytest.fixture
def splits() -> pd.DataFrame:
    labels = ["cat", "dog", "a very long name of a class"] * 10
    split = (["train"] * 5 + ["validation"] * 2 + ["test"] * 3) * 3
    return pd.DataFrame({"label": labels, "split": split})


@pytest.fixture
def index() -> pd.DataFrame:
    sides = pd.Series([20, 20, 40, None] * 8, dtype="Int64")
    return pd.DataFrame({"height": sides, "width": sides * 2})


@pytest.fixture
def measured() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    names = ["brightness", "contrast", "sharpness"]
    return pd.DataFrame({name: generator.normal(0.5, 0.01, 30) for name in names})


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 6, 8, 3), dtype=np.uint8)


def list_pairs(*pairs: tuple[int, int, str, str]) -> pd.DataFrame:
    columns = ["first", "second", "kind", "second_label"]
    table = pd.DataFrame(pairs, columns=columns).astype({"first": "int64", "second": "int64"})
    return table.assign(first_label="cat", similarity=0.99)


def read_titles(figure) -> list[str]:
    return [panel.get_suptitle() for panel in figure.subfigs]


def count_pictures(figure) -> list[int]:
    return [sum(len(cell.images) for cell in panel.axes) for panel in figure.subfigs]


def test_the_bars_add_up_to_the_images_of_each_class(index, splits, measured):
    figure = draw_data_report(index, splits, measured)
    bars = [trace for trace in figure.data if trace.name in {"train", "validation", "test"}]
    names = bars[0].x
    total = np.sum([trace.y for trace in bars], axis=0)
    assert dict(zip(names, total, strict=True)) == splits["label"].value_counts().to_dict()
    assert "30 images of 3 classes" in figure.layout.title.text


def test_the_names_of_classes_are_no_markup(index, splits, measured):
    labels = splits["label"].replace({"cat": "<b>cat</b>", "dog": "007"})
    figure = draw_data_report(index, splits.assign(label=labels), measured)
    assert list(figure.data[0].x[:2]) == ["007", "&lt;b&gt;cat&lt;/b&gt;"]
    assert figure.layout.xaxis.type == "category"


def test_names_below_the_bars_are_cut_and_not_where_one_points(index, splits, measured):
    figure = draw_data_report(index, splits, measured)
    ticks = dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True))
    assert ticks == {
        "cat": "cat",
        "dog": "dog",
        "a very long name of a class": "a very long nam…",
    }
    assert set(figure.data[0].x) == ticks.keys()


def test_each_size_is_a_point_as_large_as_it_is_frequent(index, splits, measured):
    sizes = next(
        trace for trace in draw_data_report(index, splits, measured).data if trace.type == "scatter"
    )
    points = dict(zip(zip(sizes.x, sizes.y, strict=True), sizes.customdata, strict=True))
    assert points == {(40, 20): 16, (80, 40): 8}
    assert sizes.marker.size[0] > sizes.marker.size[1]


def test_histograms_hold_counts_and_not_every_value(index, splits, measured):
    figure = draw_data_report(index, splits, measured)
    histograms = [trace for trace in figure.data if trace.type == "bar" and trace.name is None]
    assert [int(sum(trace.y)) for trace in histograms] == [30, 30, 30]
    assert all(len(trace.y) == 40 for trace in histograms)


def test_left_out_images_have_a_bar_of_their_own(index, splits, measured):
    names = {trace.name for trace in draw_data_report(index, splits, measured).data}
    assert "left out" not in names
    splits.loc[3, "split"] = "left_out"
    names = {trace.name for trace in draw_data_report(index, splits, measured).data}
    assert "left out" in names


def test_pairs_stand_side_by_side(images, splits, measured):
    pairs = list_pairs((0, 1, "near", "dog"), (2, 3, "exact", "cat"), (4, 5, "near", "cat"))
    figure = draw_suspects(images, pairs, splits, measured)
    assert read_titles(figure) == [
        "The same picture, different labels: 1 pair",
        "The same file twice: 1 pair",
        "Nearly the same picture: 2 pairs",
    ]
    assert count_pictures(figure) == [2, 2, 4]
    shown = [cell.images[0].get_array() for cell in figure.subfigs[2].axes if cell.images]
    np.testing.assert_array_equal(shown, images[[0, 1, 4, 5]])


def test_of_many_pairs_some_are_shown(images, splits, measured):
    pairs = list_pairs(*[(row, row + 10, "near", "cat") for row in range(20)])
    figure = draw_suspects(images, pairs, splits, measured)
    assert read_titles(figure) == ["Nearly the same picture: 20 pairs"]
    assert count_pictures(figure) == [8]


def test_outliers_are_shown_with_label_and_value(images, splits, measured):
    measured.loc[[7, 9], "sharpness"] = [0.1, 0.2]
    figure = draw_suspects(images, list_pairs(), splits, measured)
    assert read_titles(figure) == ["Unusually blurred (sharpness): 2 images"]
    captions = [cell.get_xlabel() for cell in figure.subfigs[0].axes if cell.images]
    assert captions == ["dog\n0.10", "cat\n0.20"]


def test_a_long_label_is_cut(images, splits, measured):
    measured.loc[2, "brightness"] = 0.9
    figure = draw_suspects(images, list_pairs(), splits, measured)
    assert figure.subfigs[0].axes[0].get_xlabel() == "a very long nam…\n0.90"


def test_without_suspects_the_figure_says_so(images, splits, measured):
    figure = draw_suspects(images, list_pairs(), splits, measured)
    assert figure.get_suptitle() == "No duplicate and no outlier was found"
    assert not figure.subfigs
