import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation.figures import (
    COLUMNS,
    draw_mistakes,
    draw_suspect_labels,
    plot_confusion_matrix,
)
from onion_pipeline.evaluation.metrics import count_confusions
from onion_pipeline.evaluation.predictions import tabulate_probabilities
from onion_pipeline.images.arrays import labelled_dtype

COUNT = 20


@pytest.fixture
def images():
    """Pictures whose pixels say which row they are."""
    images = np.zeros(COUNT, labelled_dtype((4, 4, 1)))
    images["image"] = np.arange(COUNT)[:, None, None, None]
    return images


@pytest.fixture
def make_mistakes(make_predictions):
    """The first `wrong` of twenty ants are taken for bees, each more surely than the last."""

    def make(wrong):
        bee = np.where(np.arange(COUNT) < wrong, 0.6 + 0.01 * np.arange(COUNT), 0.0)
        probabilities = np.stack([1 - bee, bee, 0 * bee, 0 * bee], axis=1)
        return make_predictions(np.zeros(COUNT, int), probabilities)

    return make


def list_shown(figure):
    return [int(cell.images[0].get_array()[0, 0]) for cell in figure.axes if cell.images]


@pytest.mark.parametrize(("wrong", "most"), [(0, 4), (1, 4), (3, 3), (COLUMNS + 1, 24), (20, 7)])
def test_the_surest_mistakes_are_shown_worst_first(make_mistakes, images, wrong, most):
    figure = draw_mistakes(make_mistakes(wrong), images, most)
    assert list_shown(figure) == list(reversed(range(wrong)))[:most]
    assert len(figure.axes) == COLUMNS * max(1, -(-min(wrong, most) // COLUMNS))


def test_a_mistake_says_what_was_predicted_how_surely_and_what_it_is(make_mistakes, images):
    cell = draw_mistakes(make_mistakes(1), images, 4).axes[0]
    assert cell.get_title() == "bee  60%"
    assert cell.get_xlabel() == "is ant"


@pytest.mark.parametrize(
    ("wrong", "most", "said"),
    [
        (0, 4, "No mistake among 20 test images"),
        (1, 4, "The only mistake among 20 test images: predicted (confidence), truth"),
        (3, 4, "All 3 mistakes among 20 test images"),
        (9, 4, "The 4 most confident of 9 mistakes among 20 test images"),
        (9, 1, "The most confident of 9 mistakes among 20 test images"),
    ],
)
def test_the_title_counts_what_is_shown(make_mistakes, images, wrong, most, said):
    figure = draw_mistakes(make_mistakes(wrong), images, most)
    figure.draw_without_rendering()
    assert figure.get_suptitle().startswith(said)


def test_rows_of_the_table_may_have_any_labels(make_mistakes, images):
    predictions = make_mistakes(3).set_index(np.arange(COUNT)[::-1])
    assert list_shown(draw_mistakes(predictions, images, 4)) == [2, 1, 0]


@pytest.fixture
def make_issues():
    """The labels of the images 19, 18, ... look wrong, the first the most."""

    def make(count, label="ant", suggested="bee"):
        paths = [f"{COUNT - 1 - row}.png" for row in range(count)]
        return pd.DataFrame({"path": paths, "label": label, "suggested_label": suggested})

    return make


@pytest.fixture
def show_suspects(images):
    """A function that shows at most so many of the suspects."""
    paths = pd.Series([f"{row}.png" for row in range(COUNT)], index=range(50, 50 + COUNT))
    return lambda issues, most=4: draw_suspect_labels(issues, images["image"], paths, most)


@pytest.mark.parametrize(("found", "most"), [(0, 4), (1, 4), (3, 3), (COLUMNS + 1, 24), (20, 7)])
def test_the_worst_labels_are_shown_in_their_order(make_issues, show_suspects, found, most):
    figure = show_suspects(make_issues(found), most)
    assert list_shown(figure) == [COUNT - 1 - row for row in range(min(found, most))]


def test_a_suspect_says_how_it_is_labelled_and_what_it_looks_like(make_issues, show_suspects):
    cell = show_suspects(make_issues(1)).axes[0]
    assert (cell.get_title(), cell.get_xlabel()) == ("labelled ant", "looks like bee")


def test_a_confusion_matrix_has_room_for_long_names(make_predictions):
    table = make_predictions(np.zeros(COUNT, int), np.full((COUNT, 4), 0.25))
    sizes = []
    for name in ("bee", "b" * 30):
        renamed = table.replace({"ant": "a", "bee": name})
        layout = plot_confusion_matrix(renamed, ["a", name, "cow", "dog"]).layout
        sizes.append((layout.width, layout.height))
    (narrow, low), (wide, high) = sizes
    assert wide - narrow > 6 * 14
    assert high > low


def test_long_labels_are_cut(make_issues, show_suspects):
    cell = show_suspects(make_issues(1, "staffordshire_terrier", "fourteen_chars")).axes[0]
    assert cell.get_title() == "labelled staffordshire…"
    assert cell.get_xlabel() == "looks like fourteen_chars"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (0, "No label looks wrong"),
        (1, "The only label that looks wrong"),
        (3, "All 3 labels that look wrong"),
        (9, "The 4 least likely of 9 labels that look wrong"),
    ],
)
def test_the_title_counts_the_suspects(make_issues, show_suspects, found, said):
    figure = show_suspects(make_issues(found))
    figure.draw_without_rendering()
    assert figure.get_suptitle() == said


def test_the_confusion_matrix_shows_counts_and_colours_shares(make_predictions, class_names):
    predictions = make_predictions([0, 0, 0, 1], np.eye(4)[[0, 0, 1, 1]])
    (heatmap,) = plot_confusion_matrix(predictions, class_names).data
    np.testing.assert_array_equal(heatmap.customdata, count_confusions(predictions, class_names))
    np.testing.assert_allclose(heatmap.z[0], [2 / 3, 1 / 3, 0, 0])
    assert heatmap.text[0].tolist() == ["2", "1", "", ""]
    assert list(heatmap.x) == class_names


def test_a_class_without_test_images_has_no_shares(make_predictions, class_names):
    predictions = make_predictions([0, 0, 1, 3], np.eye(4)[[0, 2, 1, 3]])
    (heatmap,) = plot_confusion_matrix(predictions, class_names).data
    assert list(heatmap.y) == ["ant", "bee", "cat (no test pictures)", "dog"]
    assert np.isnan(heatmap.z).any(axis=1).tolist() == [False, False, True, False]


def test_the_names_of_classes_are_no_markup():
    names = ["007", "1e3", "<b>cat</b>", "a<br>b"]
    predictions = tabulate_probabilities(np.eye(4), list("abcd"), names, names)
    figure = plot_confusion_matrix(predictions, names)
    assert list(figure.data[0].x) == ["007", "1e3", "&lt;b&gt;cat&lt;/b&gt;", "a&lt;br&gt;b"]
    assert {figure.layout.xaxis.type, figure.layout.yaxis.type} == {"category"}


def test_true_classes_are_the_rows_from_the_top(make_predictions, class_names):
    layout = plot_confusion_matrix(make_predictions([0], np.eye(4)[[1]]), class_names).layout
    assert (layout.yaxis.title.text, layout.yaxis.autorange) == ("true", "reversed")
    assert layout.xaxis.title.text == "predicted"


@pytest.mark.parametrize(("count", "written"), [(30, True), (31, False)])
def test_counts_are_written_into_cells_while_there_is_room(make_predictions, count, written):
    names = [f"class {number}" for number in range(count)]
    predictions = make_predictions([0], np.eye(4)[[0]]).assign(label=names[0], predicted=names[1])
    (heatmap,) = plot_confusion_matrix(predictions, names).data
    assert (heatmap.text is not None) is written
    assert heatmap.customdata[0][1] == 1
