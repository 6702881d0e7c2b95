"""Which fonts of this machine have the characters that the usual one lacks, such as 猫."""

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.font_manager import FontEntry
    from matplotlib.ft2font import FT2Font

NONCHARACTER = 0xFDD0  # has no meaning in any script: what has a glyph for it, has boxes for all
# They join and vary other characters, and are nothing by themselves.
JOINERS = frozenset("\u200c\u200d")
REGULAR = (400, "normal", "regular")


@cache
def find_families(characters: frozenset[str]) -> dict[str, str]:
    """Return a font family for each of `characters` that the usual one lacks and another has.

    All installed fonts are looked through only where the usual one lacks a character.
    """
    lacking = characters - find_drawable(characters)
    found: dict[str, str] = {}
    for entry in _list_fonts() if lacking else ():
        font = _open(entry)
        if font is not None:
            found |= {each: entry.name for each in lacking if _has(font, each)}
        lacking -= found.keys()
        if not lacking:
            break
    return found


@cache
def find_drawable(characters: frozenset[str]) -> frozenset[str]:
    """Return those of `characters` that the usual font has, or that need no glyph."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    usual = get_font(findfont(FontProperties()))
    return frozenset(
        each
        for each in characters
        if not each.isprintable() or each == " " or is_joiner(each) or _has(usual, each)
    )


def is_joiner(character: str) -> bool:
    """Tell whether a character only changes how its neighbours look."""
    return character in JOINERS or unicodedata.name(character, "").startswith("VARIATION SELECTOR")


def _list_fonts() -> Iterator["FontEntry"]:
    """Yield the fonts that Matplotlib knows, plain ones without serifs first, then new ones."""
    from matplotlib.font_manager import fontManager

    known = list(fontManager.ttflist)
    yield from sorted(known, key=_rank)
    _find_new_fonts()
    yield from sorted(fontManager.ttflist[len(known) :], key=_rank)


def _rank(font: "FontEntry") -> tuple[bool, bool, str]:
    is_plain = font.style == "normal" and font.weight in REGULAR
    return not is_plain, "sans" not in font.name.lower(), font.name


@cache
def _find_new_fonts() -> None:
    """Let Matplotlib know of fonts that were installed after it had listed all."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {font.fname for font in fontManager.ttflist}
    for path in sorted({*findSystemFonts()} - known):
        try:
            fontManager.addfont(path)
        except (OSError, RuntimeError):  # damaged, or made of pixels: Matplotlib skips it, too
            continue


def _open(entry: "FontEntry") -> "FT2Font | None":
    """Return a font; ``None`` for one that is gone, or that has the same box for everything."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(entry.fname, face_index=entry.index)
    except (OSError, RuntimeError):
        return None
    return None if font.get_char_index(NONCHARACTER) else font


def _has(font: "FT2Font", character: str) -> bool:
    """Tell whether a font has a glyph for a character, and one that is seen."""
    from matplotlib.ft2font import LoadFlags

    glyph = font.get_char_index(ord(character))
    return bool(glyph) and font.load_glyph(glyph, flags=LoadFlags.NO_HINTING).width > 0
