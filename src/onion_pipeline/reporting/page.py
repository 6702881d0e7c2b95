"""A card as one HTML page that opens offline, on a phone or a desk, in the light or the dark."""

from typing import TYPE_CHECKING, Any

from onion_pipeline.reporting.card import open_templates

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def draw_page(markdown: str) -> str:
    """Return Markdown as a page that asks nothing of any host.

    Args:
        markdown: with one title and sections; HTML in it is shown as text.
    """
    from markupsafe import Markup

    parser = _make_parser()
    tokens = parser.parse(markdown)
    headings = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            anchor = f"section-{place}"
            token.attrSet("id", anchor)
            title = "".join(part.content for part in tokens[place + 1].children or ())
            headings.append({"tag": token.tag, "title": title, "anchor": anchor})
    template = open_templates().get_template("page.html.jinja")
    return template.render(
        title=next((each["title"] for each in headings if each["tag"] == "h1"), "Card"),
        sections=[each for each in headings if each["tag"] == "h2"],
        body=Markup(parser.renderer.render(tokens, parser.options, {})),
    )


def _make_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Whoever has no mouse must be able to reach what they have to scroll.
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    parser.add_render_rule("th_open", _open_head)
    return parser


def _open_table(*_: Any) -> str:
    return '<div class="wide" tabindex="0" role="region" aria-label="Table">\n<table>\n'


def _open_head(self: Any, tokens: Any, place: int, options: Any, env: Any) -> str:
    tokens[place].attrSet("scope", "col")
    return str(self.renderToken(tokens, place, options, env))
