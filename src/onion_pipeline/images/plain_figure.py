"""Matplotlib's figure, whose texts are drawn as they are written."""

from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.text import Text

from onion_pipeline.images.fonts import find_families


class PlainFigure(Figure):
    """A figure in which ``$`` is a character, not a formula, and every script has a font."""

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
        super().draw(renderer)
