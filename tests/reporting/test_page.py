import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from onion_pipeline.reporting.card import open_templates, write_card
from onion_pipeline.reporting.page import draw_page

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Elements of a page with their attributes, and whether all are closed in their order."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def find(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def html(make_findings):
    return draw_page(write_card(make_findings()))


@pytest.fixture
def page(html):
    return Page(html)


def test_a_page_is_well_formed_and_has_language_and_title(page):
    assert page.open == []
    assert page.find("html") == [{"lang": "en"}]
    assert "Model card: insects" in page.text
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.find(
        "meta"
    )


def test_a_page_asks_nothing_of_any_host(html, page):
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert [link["href"] for link in page.find("a") if not link["href"].startswith("#")] == []
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style


def test_headings_go_down_one_step_at_a_time(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_every_section_is_in_the_navigation(page):
    anchors = {attributes["id"] for tag, attributes in page.elements if tag == "h2"}
    links = [link["href"].removeprefix("#") for link in page.find("a")]
    assert anchors <= set(links)
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert set(links) <= targets


def test_heads_of_tables_say_what_they_are_for(page):
    assert len(page.find("table")) > 5
    assert {head["scope"] for head in page.find("th")} == {"col"}
    for box in (each for each in page.find("div") if each["class"] == "wide"):
        assert box["tabindex"] == "0"
        assert (box["role"], box["aria-label"]) == ("region", "Table")


def test_html_in_words_and_names_is_text(make_findings):
    words = {"intended_use": "Insects <script>alert(1)</script>"}
    page = Page(draw_page(write_card(make_findings(words=words, class_names=["<i>ant", "bee"]))))
    assert not {"script", "i"} & {tag for tag, _ in page.elements}
    assert "<script>alert(1)</script>" in page.text
    assert "<i>ant and bee" in page.text


def read_colors(scheme):
    style, _, _ = open_templates().loader.get_source(open_templates(), "page.css")
    blocks = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in style.split(":root")]
    light, dark = [block for block in blocks if len(block) == 7]
    return {"light": light, "dark": dark}[scheme]


def measure_luminance(color):
    """Source: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    levels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "accent", "link"])
@pytest.mark.parametrize("paper", ["paper", "shade"])
def test_text_stands_out_from_its_ground(scheme, ink, paper):
    colors = read_colors(scheme)
    dark, light = sorted(measure_luminance(colors[name]) for name in (ink, paper))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
