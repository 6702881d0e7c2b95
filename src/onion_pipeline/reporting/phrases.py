"""Numbers and names as a card writes them."""

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from onion_pipeline.drawing.lettering import SPACE, show_controls

# What Markdown takes for its own within a line; an underscore within a word is none of it.
MARKUP = re.compile(r"([\\`*\[\]|~$]|(?<!\w)_|_(?!\w))")
NO_BREAK = "\u00a0"
TIMES = f"{NO_BREAK}\u00d7{NO_BREAK}"


def escape_text(text: Any) -> str:
    """Return a stranger's text, such as the name of a class, as Markdown that shows just that."""
    line = show_controls(" ".join(str(text).split()) or SPACE * len(str(text)))
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    return MARKUP.sub(r"\\\1", line.replace(">", "&gt;"))


def unescape_text(markdown: str) -> str:
    """Return what :func:`escape_text` was given, wherever it stands in a sentence.

    Example:
        >>> unescape_text(escape_text("<b>*a_b*</b> & c"))
        '<b>*a_b*</b> & c'
    """
    return html.unescape(re.sub(r"\\([\\`*\[\]|~$_])", r"\1", markdown))


def show_number(value: float) -> str:
    """Return an integer with its thousands set apart, or a fraction with three places.

    Example:
        >>> show_number(225034), show_number(0.99066)
        ('225,034', '0.991')
    """
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.3f}"


def show_share(share: float) -> str:
    """Return a share in per cent, with as many places as keep it from all and from nothing.

    Example:
        >>> [show_share(share).replace(NO_BREAK, " ") for share in (0.99066, 0.99996, 1.0)]
        ['99.1 %', '99.996 %', '100 %']
    """
    percent = round(100 * share, 9)  # what rounding alone keeps from all is all
    if percent in {0.0, 100.0}:
        return f"{percent:.0f}{NO_BREAK}%"
    distance = min(percent, 100 - percent)
    places = max(1, math.ceil(-math.log10(2 * distance)))
    return f"{percent:.{places}f}{NO_BREAK}%"


def show_level(level: float) -> str:
    """Return the level of an interval, such as ``95 %``."""
    return f"{100 * level:g}{NO_BREAK}%"


def show_interval(low: float | None, high: float | None, share: bool = True) -> str:
    """Return an interval as ``98.1 to 99.5 %``, or nothing if an end of it is not known."""
    if not (is_known(low) and is_known(high)):
        return ""
    if share:
        return f"{show_share(low)[:-2]} to {show_share(high)}"
    return f"{show_number(low)} to {show_number(high)}"


def show_accuracy(row: Mapping[str, Any]) -> str:
    """Return the accuracy in a row of a table, with its interval if that has one."""
    interval = show_interval(row.get("accuracy_low"), row.get("accuracy_high"))
    return show_share(row["accuracy"]) + (f" ({interval})" if interval else "")


def show_size(height: float, width: float) -> str:
    """Return the size of a picture, its height first."""
    return f"{height:.0f}{TIMES}{width:.0f}"


def show_whole(value: float | None, unknown: str = "unknown") -> str:
    """Return a whole number with its thousands set apart."""
    return unknown if value is None else f"{value:,.0f}"


def show_words(name: Any) -> str:
    """Return a name of ours, such as ``gaussian_noise``, as words."""
    return str(name).replace("_", " ")


def show_count(count: int, noun: str) -> str:
    """Return a number of things, such as ``1 picture`` or ``5,000 pictures``."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,}{NO_BREAK}{noun if count == 1 else plural}"


def join_names(names: Sequence[str], most: int = 20) -> str:
    """Return names as ``a, b and c``; of more than `most`, the first and how many more."""
    shown = list(names) if len(names) <= most else [*names[:most], f"{len(names) - most:,} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def is_known(value: Any) -> TypeGuard[float]:
    """Tell whether a figure has a value: not every data set lets every one be computed."""
    return isinstance(value, int | float) and math.isfinite(value)
