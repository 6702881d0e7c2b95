"""A card as one HTML page that opens offline, on a phone or a desk, in the light or the dark."""

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from onion_pipeline.reporting.card import open_templates

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

TAGS = re.compile(r"<[^>]+>")


def draw_page(markdown: str) -> str:
    """Return Markdown as a page that asks nothing of any host.

    Args:
        markdown: with one title and sections; HTML in it is shown as text.
    """
    from markupsafe import Markup

    parser = _make_parser()
    tokens = parser.parse(markdown)
    headings = [
        (token.tag, tokens[place + 1].content, f"section-{place}")
        for place, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    anchors = iter([anchor for _, _, anchor in headings])
    for token in tokens:
        if token.type == "heading_open":
            token.attrSet("id", next(anchors))
    body = parser.renderer.render(tokens, parser.options, {})
    template = open_templates().get_template("page.html.jinja")
    return template.render(
        title=_read_text(parser, next((text for tag, text, _ in headings if tag == "h1"), "Card")),
        sections=[
            {"title": _read_text(parser, text), "anchor": anchor}
            for tag, text, anchor in headings
            if tag == "h2"
        ],
        body=Markup(body),
    )


def _make_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Whoever has no mouse must be able to reach what he has to scroll.
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    parser.add_render_rule("th_open", _open_head)
    return parser


def _open_table(*_: Any) -> str:
    return '<div class="wide" tabindex="0" role="region" aria-label="Table">\n<table>\n'


def _open_head(self: Any, tokens: Any, place: int, options: Any, env: Any) -> str:
    tokens[place].attrSet("scope", "col")
    return str(self.renderToken(tokens, place, options, env))


def _read_text(parser: "MarkdownIt", markdown: str) -> str:
    """Return a line of Markdown as plain text."""
    return unescape(TAGS.sub("", parser.renderInline(markdown)))
