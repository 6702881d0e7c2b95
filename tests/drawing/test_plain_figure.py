"""Every figure draws text as it is written."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import onion_pipeline
from onion_pipeline.augmentation.preview import draw_augmentation_preview
from onion_pipeline.drawing.canvas import make_figure
from onion_pipeline.evaluation import figures
from onion_pipeline.explanation.figures import draw_attention
from onion_pipeline.images.quality import quality_figures

NAMES = ["$10_to_$20", "猫", "a\nb"]
SOURCES = Path(onion_pipeline.__file__).parent


def _draw_preview(table, images):
    return draw_augmentation_preview(images, [], NAMES, 0)


def _draw_mistakes(table, images):
    return figures.draw_mistakes(table, images, 6)


def _draw_suspect_labels(table, images):
    issues = table.rename(columns={"predicted": "suggested_label"})
    return figures.draw_suspect_labels(issues, images["image"], table["path"], 6)


def _draw_attention(table, images):
    maps = np.zeros((len(images), 2, 2), np.float32)
    return draw_attention(images["image"], maps, table)


def _draw_suspects(table, images):
    import pandas as pd

    pair = {"first": [0], "second": [1], "kind": ["exact"], "similarity": [1.0]}
    labels = {"first_label": [NAMES[0]], "second_label": [NAMES[1]]}
    dark = pd.DataFrame({"brightness": [0.0] * 2 + [0.5] * 10, "contrast": 0.5, "sharpness": 0.5})
    return quality_figures.draw_suspects(
        images["image"], pd.DataFrame({**pair, **labels}), table[["label"]], dark
    )


FIGURES = (_draw_preview, _draw_mistakes, _draw_suspect_labels, _draw_attention, _draw_suspects)


@pytest.fixture
def table(labelled_images):
    import pandas as pd

    return pd.DataFrame(
        {
            "path": [f"{number}.png" for number in range(12)],
            "label": [NAMES[label] for label in labelled_images["label"]],
            "predicted": [NAMES[(label + 1) % 3] for label in labelled_images["label"]],
            "confidence": 0.5,
        }
    )


def _list_texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.slow
@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_a_figure_is_drawn_whatever_classes_are_called(
    draw, table, labelled_images, install_fonts, tmp_path
):
    figure = draw(table, labelled_images)
    figure.savefig(tmp_path / "figure.png")  # a warning would be an error
    texts = _list_texts(figure)
    assert "$10_to_$20" in texts
    assert r"\u732b" in texts


@pytest.mark.slow
@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_a_figure_uses_a_font_that_has_the_names(
    draw, table, labelled_images, install_fonts, tmp_path
):
    install_fonts("猫", family="Cats")
    figure = draw(table, labelled_images)
    figure.savefig(tmp_path / "figure.png")
    assert "猫" in _list_texts(figure)


def test_no_text_is_a_formula(install_fonts):
    figure = make_figure(2, 2)
    axes = figure.subplots()
    plain = axes.set_title("10 to 20")
    figure.draw_without_rendering()
    width = plain.get_window_extent().width
    plain.set_text("$10 to 20$")
    figure.draw_without_rendering()
    assert plain.get_window_extent().width > width


def test_the_pixels_of_a_name_are_those_of_its_font(install_fonts):
    install_fonts("猫犬", family="Squares")
    drawn = [_draw_title(name) for name in ("猫", "犬", "a")]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()


def _draw_title(name: str) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = make_figure(2, 1)
    figure.suptitle(name)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_all_figures_are_of_this_kind():
    imports = re.compile(r"from matplotlib(\.figure)? import (Figure|pyplot)\b(?! as ImageFigure)")
    makers = [path.name for path in SOURCES.rglob("*.py") if imports.search(path.read_text())]
    assert makers == ["plain_figure.py"]


@pytest.mark.parametrize("letter", ["W", "i"])
def test_captions_end_before_the_next_picture(letter):
    figure = make_figure(4, 2)
    for cell in figure.subplots(1, 3):
        cell.imshow(np.zeros((2, 2)))
        cell.set_title("looks like " + 14 * letter, fontsize=9)
        cell.set_xlabel(14 * letter, fontsize=9)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    for texts in ([cell.title for cell in figure.axes], [c.xaxis.label for c in figure.axes]):
        boxes = [text.get_window_extent(renderer) for text in texts]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    is_small = figure.axes[0].xaxis.label.get_fontsize() < 9
    assert is_small == (letter == "W")
