"""Names of files in a code page that nobody has told: what they may be."""

from collections.abc import Sequence

# With which Windows writes names in China, Taiwan, Japan, Korea, Eastern and Western Europe.
CODE_PAGES = ("gbk", "big5", "shift_jis", "euc_kr", "cp866", "cp852", "cp850", "cp1252")
SHOWN = 4  # readings of an example


def decode_name(name: bytes, code_page: str) -> str | None:
    """Return the text of `name`; ``None`` if it is none in this code page."""
    try:
        return name.decode(code_page)
    except UnicodeDecodeError:
        return None


def find_code_pages(names: Sequence[bytes]) -> list[str]:
    """Return the first few code pages in which all of `names` are texts."""
    return [page for page in CODE_PAGES if all(decode_name(name, page) for name in names)][:SHOWN]


def describe_readings(names: Sequence[bytes], example: bytes) -> str:
    """Return a sentence of what `example` is in the code pages that fit all of `names`, or ``""``.

    The sentence begins with a blank.
    """
    readings = ", ".join(f"{page} {example.decode(page)!r}" for page in find_code_pages(names))
    return f" In other code pages it is: {readings}." if readings else ""


def describe_undecoded(names: Sequence[bytes], location: str) -> str | None:
    """Return a warning of `names` that are not UTF-8; ``None`` if there are none."""
    if not names:
        return None
    example = names[0]
    code_page = next(iter(find_code_pages(names)), "gbk")
    return (
        f"{location} has {len(names)} names that are not UTF-8, and are shown byte by byte, for "
        f"example {example.decode('utf-8', 'backslashreplace')}.{describe_readings(names, example)}"
        " To have them as text, unpack it if it is an archive, and rename them: "
        f"convmv -f {code_page} -t utf-8 -r --notest <folder>"
    )
