"""The model card as Markdown: sections of which something is known, and no others."""

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from onion_pipeline.reporting import facts, phrases
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.sections import describe_sections

if TYPE_CHECKING:
    from jinja2 import Environment

POINTER = "The whole card is `model_card.html`, among the artifacts of the run.\n"
# What the template writes with ``value | filter``.
FILTERS: dict[str, Callable[..., str]] = {
    "accuracy": phrases.show_accuracy,
    "count": phrases.show_count,
    "level": phrases.show_level,
    "listed": lambda names: phrases.join_names(list(names)),
    "model": facts.name_model,
    "name": phrases.escape_text,
    "number": phrases.show_number,
    "share": phrases.show_share,
    "size": lambda shape: phrases.show_size(*shape[:2]),
    "whole": phrases.show_whole,
    "words": phrases.show_words,
}


def write_card(findings: Findings) -> str:
    """Return the card of a model as Markdown.

    Args:
        findings: what is known of it. A section without content is left out, and all names of
            strangers, such as those of classes, are escaped; the user's own words are Markdown.
    """
    template = open_templates().get_template("model_card.md.jinja")
    text = template.render(vars(findings) | describe_sections(findings))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def shorten_card(card: str, longest: int = 5000) -> str:
    """Return those sections of a card that fit into the description of a version in MLflow.

    Args:
        card: from :func:`write_card`.
        longest: in characters; MLflow's tables have room for 5,000, and some databases refuse
            more.
    """
    if len(card) <= longest:
        return card
    head, *sections = re.split(r"^(?=## )", card, flags=re.MULTILINE)
    room = longest - len(POINTER)
    kept = head[:room]
    for section in sections:
        kept += section if len(kept) + len(section) <= room else ""
    return kept + POINTER


@cache
def open_templates() -> "Environment":
    """Return the templates of this room; a name that they ask for in vain is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("onion_pipeline.reporting"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.tests["known"] = phrases.is_known
    return environment
