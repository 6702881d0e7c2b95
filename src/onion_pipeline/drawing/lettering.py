"""The names of classes as figures write them: as text, no longer than fits, no two alike."""

import html
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from itertools import accumulate
from unicodedata import east_asian_width

from onion_pipeline.drawing.fonts import find_drawable, find_families, is_joiner

LONGEST_IN_PAGE = 30  # characters that an axis has room for
SPACE = "␣"  # where a blank would not be seen
DIGITS = 2  # of a number that tells two names apart
NAMED = 8  # characters that a message lists

logger = logging.getLogger(__name__)


def write_names(names: Iterable[str], longest: int) -> dict[str, str]:
    r"""Return how a picture writes each of `names`.

    Characters for which no font of the machine has a glyph become escapes, as in JSON: ``\u732b``.
    At most `longest` characters fit, of which wide ones, such as 猫, count twice.
    """
    different = set(names)
    used = frozenset("".join(different))
    shown = find_drawable(used) | find_families(used).keys()
    _tell_missing("".join(sorted(used - shown))[:NAMED])
    return _shorten(different, longest, shown.__contains__)


def write_page_names(names: Iterable[str], longest: int = LONGEST_IN_PAGE) -> dict[str, str]:
    """Return how a figure in a browser writes each of `names`: Plotly reads tags in any text."""
    shortened = _shorten(set(names), longest, lambda character: True)
    # A notebook would take $ for the start of a formula.
    return {name: html.escape(text).replace("$", "&#36;") for name, text in shortened.items()}


def show_controls(text: str) -> str:
    r"""Return text with escapes for what acts on the text around it, such as ``\u202e``."""
    return "".join(_spell_character(each, lambda character: True) for each in text)


@cache
def _tell_missing(characters: str) -> None:
    """Say once how to have characters drawn that no font of the machine has."""
    if characters:
        logger.info(
            "No font of this machine has %s: the PNG figures show the codes of such characters "
            "(\\u732b). Install a font that has them, such as Noto Sans CJK, and the next run uses "
            "it. The HTML pages take the fonts of the browser",
            " ".join(characters),
        )


def _shorten(names: set[str], longest: int, is_shown: Callable[[str], bool]) -> dict[str, str]:
    """Return `names` cut to a length; where that makes some the same, with a number."""
    spelled = {name: _spell(name, is_shown) for name in sorted(names)}
    short = {name: _cut(pieces, longest) for name, pieces in spelled.items()}
    alike, numbers = Counter(short.values()), Counter[str]()
    for name in [name for name, text in short.items() if alike[text] > 1]:
        text = _cut(spelled[name], longest - DIGITS)
        numbers[text] += 1
        short[name] = f"{text}{numbers[text]}"
    return short


def _spell(name: str, is_shown: Callable[[str], bool]) -> list[str]:
    """Return what is drawn for each character of a name: itself, or its escape."""
    start, end = len(name) - len(name.lstrip(" ")), len(name.rstrip(" "))
    return [
        SPACE if not start <= place < end else _spell_character(each, is_shown)
        for place, each in enumerate(name)
    ]


def _spell_character(character: str, is_shown: Callable[[str], bool]) -> str:
    is_plain = character.isprintable() or is_joiner(character)
    if is_plain and is_shown(character):
        return character
    return character.encode("unicode_escape").decode()


def _cut(pieces: list[str], longest: int) -> str:
    sizes = [sum(1 + (east_asian_width(each) in "WF") for each in piece) for piece in pieces]
    widths = list(accumulate(sizes))
    if not widths or widths[-1] <= longest:
        return "".join(pieces)
    fitting = sum(width <= longest - 1 for width in widths)
    return "".join(pieces[:fitting]) + "…"
