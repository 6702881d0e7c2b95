"""The file of the results, section by section."""

from pathlib import Path

HEADER = """# Results

Written by `make bench`; what is compared, and how, is in [README.md](README.md). Each figure is
the median over the rounds with the smallest and the largest in brackets; each ratio is that of
the medians, with the range of the ratios within each round: above 1, the contestant of that row
has more of it, seconds and bytes as well as images per second. Where time is measured, memory is
that of one more run, which is not timed.
"""


def write_section(results: Path, name: str, section: str) -> None:
    """Put `section` in the place of the one of that name, and leave the others as they are."""
    parts = results.read_text().split("\n## ")[1:] if results.is_file() else []
    sections = dict(part.split("\n", 1) for part in parts)
    sections[name] = f"\n{section.strip()}\n"
    text = "".join(f"\n## {title}\n{body.rstrip()}\n" for title, body in sections.items())
    results.write_text(HEADER + text)
