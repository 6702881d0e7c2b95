"""Names of files in a code page that nobody has told: what they may be."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

# With which Windows writes names in China, Taiwan, Japan, Korea, Eastern and Western Europe.
CODE_PAGES = ("gbk", "big5", "shift_jis", "euc_kr", "cp866", "cp852", "cp850", "cp1252")
LOOKED_AT = 100  # names, to see which code page looks right
SHOWN = 4  # readings of an example
# Scripts of which one word may have several, as the first word of a character's Unicode name.
EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"})
WORD = re.compile(r"[^\W\d_]+")


def decode_name(name: bytes, code_page: str) -> str | None:
    """Return the text of `name`; ``None`` if it is none in this code page."""
    try:
        return name.decode(code_page)
    except UnicodeDecodeError:
        return None


def find_code_pages(names: Sequence[bytes]) -> list[str]:
    """Return the few code pages in which all of `names` are texts, first where these look right."""
    fitting = [page for page in CODE_PAGES if all(decode_name(name, page) for name in names)]
    some = [name for name in names if not name.isascii()][:LOOKED_AT]
    return sorted(fitting, key=lambda page: _count_odd(name.decode(page) for name in some))[:SHOWN]


def _count_odd(texts: Iterator[str]) -> int:
    """Count the names that nobody gives: with symbols in them, or two scripts in one word."""
    return sum(
        any(unicodedata.category(each)[0] in "SC" for each in text)
        or any(map(_is_odd, WORD.findall(text)))
        for text in texts
    )


def _is_odd(word: str) -> bool:
    scripts = {unicodedata.name(each, "").split(" ")[0] for each in word}
    if scripts & EAST_ASIAN:
        scripts = scripts - EAST_ASIAN | {"CJK"}
    # An accent in capitals after a small letter: cafÚ.
    rises = any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(word))
    return len(scripts) > 1 or "HALFWIDTH" in scripts or rises


def describe_undecoded(names: Sequence[bytes], location: str) -> str | None:
    """Return a warning of `names` that are not UTF-8; ``None`` if there are none."""
    if not names:
        return None
    example = names[0].decode("utf-8", "backslashreplace")
    readings, code_page = _describe_readings(names, names[0])
    return (
        f"{location} has {len(names)} names that are not UTF-8, and are shown byte by byte, for "
        f"example {example}.{readings} To have them as text, unpack it if it is an archive, and "
        f"rename them: convmv -f {code_page} -t utf-8 -r --notest <folder>"
    )


def describe_guess(names: Sequence[bytes], location: str) -> str:
    """Return a warning of `names` in a zip archive, not all UTF-8, that are taken for cp437."""
    example = next(name for name in names if decode_name(name, "utf-8") is None)
    readings, code_page = _describe_readings(names, example)
    return (
        f"{location} does not say in which code page {len(names)} of its names are; they are "
        f"taken for cp437, for example {example.decode('cp437')!r}.{readings} If that is wrong, "
        "unpack it with the right one and name the folder: "
        f"python -m zipfile --metadata-encoding {code_page} -e {location} photos"
    )


def _describe_readings(names: Sequence[bytes], example: bytes) -> tuple[str, str]:
    """Return what `example` is in the code pages that fit all of `names`, and the likeliest one."""
    pages = find_code_pages(names)
    readings = ", ".join(f"{page} {example.decode(page)!r}" for page in pages)
    sentence = f" In other code pages it is: {readings}." if readings else ""
    return sentence, next(iter(pages), "gbk")
