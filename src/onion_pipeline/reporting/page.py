"""A card as one HTML page that opens offline, on a phone or a desk, in the light or the dark."""

from collections.abc import Iterator, Sequence
from typing import Any

from onion_pipeline.reporting.card import open_templates

# Whoever has no mouse must be able to reach what they have to scroll.
TABLE = '<div class="wide" tabindex="0" role="region" aria-label="Table">\n<table>\n'


def draw_page(markdown: str) -> str:
    """Return Markdown as a page that asks nothing of any host.

    Args:
        markdown: with one title and sections; HTML in it is shown as text.
    """
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: TABLE)
    parser.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    tokens = parser.parse(markdown)
    headings = list(_mark_headings(tokens))
    return (
        open_templates()
        .get_template("page.html.jinja")
        .render(
            title=next((each["title"] for each in headings if each["tag"] == "h1"), "Card"),
            sections=[each for each in headings if each["tag"] == "h2"],
            body=Markup(parser.renderer.render(tokens, parser.options, {})),
        )
    )


def _mark_headings(tokens: Sequence[Any]) -> Iterator[dict[str, str]]:
    """Yield the headings, each with its new anchor, and say of what a table's heads are."""
    for place, token in enumerate(tokens):
        if token.type == "th_open":
            token.attrSet("scope", "col")
        if token.type == "heading_open":
            anchor = f"section-{place}"
            token.attrSet("id", anchor)
            title = "".join(part.content for part in tokens[place + 1].children)
            yield {"tag": token.tag, "title": title, "anchor": anchor}
