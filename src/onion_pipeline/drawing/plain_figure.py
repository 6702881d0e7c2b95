"""Matplotlib's figure, in which a dollar sign is one: no text is read as a formula."""

from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from onion_pipeline.drawing.fonts import find_families


class PlainFigure(Figure):
    """A figure in which ``$`` is a character, every script has a font, and captions fit."""

    def draw(self, renderer: Any) -> None:
        """Draw the figure."""
        texts = self.findobj(Text)
        used = frozenset("".join(text.get_text() for text in texts))
        families = sorted({*find_families(used).values()})
        for text in texts:
            text.set_parse_math(False)
            text.set_usetex(False)
            if families:
                text.set_fontfamily([*rcParams["font.family"], *families])
        for axes in self.axes:
            if axes.images:
                _fit_captions(axes, renderer)
        super().draw(renderer)


def _fit_captions(axes: Axes, renderer: Any) -> None:
    """Draw what stands above and below a picture so small that it ends before the next one."""
    place, figure = axes.get_subplotspec(), axes.get_figure()
    if place is None or figure is None:
        return
    room = 0.97 * figure.bbox.width / place.get_gridspec().ncols
    for text in (axes.title, axes.xaxis.label):
        width = text.get_window_extent(renderer).width
        if width > room:
            text.set_fontsize(float(text.get_fontsize()) * room / width)
