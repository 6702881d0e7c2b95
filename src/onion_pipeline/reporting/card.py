"""The model card as Markdown: sections of which something is known, and no others."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from onion_pipeline.reporting.comparisons import describe_baselines, describe_promotion
from onion_pipeline.reporting.confidence import describe_confidence, find_threshold
from onion_pipeline.reporting.data import describe_data
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.limits import list_limits
from onion_pipeline.reporting.origin import choose_uri, describe_lineage, describe_parity
from onion_pipeline.reporting.overview import describe_model, describe_network
from onion_pipeline.reporting.results import describe_results
from onion_pipeline.reporting.weaknesses import describe_robustness, describe_slices

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_DESCRIPTION = 5000
POINTER = "The whole card is `model_card.html`, among the artifacts of the run.\n"
WORDS = ("intended_use", "limits", "contact")


def write_card(findings: Findings) -> str:
    """Return the card of a model as Markdown.

    Args:
        findings: what is known of it. A section without content is left out, and all names of
            strangers, such as those of classes, are escaped; the user's own words are Markdown.
    """
    template = open_templates().get_template("model_card.md.jinja")
    text = template.render(_gather(findings))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def shorten_card(card: str, longest: int = LONGEST_DESCRIPTION) -> str:
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

    return Environment(
        loader=PackageLoader("onion_pipeline.reporting"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _gather(findings: Findings) -> dict[str, Any]:
    words = {name: (findings.words.get(name) or "").strip() for name in WORDS}
    return {
        "model": describe_model(findings),
        "words": words,
        "data": describe_data(findings),
        "network": describe_network(findings),
        "results": describe_results(findings),
        "confidence": describe_confidence(findings),
        "baselines": describe_baselines(findings.baselines),
        "slices": describe_slices(findings.slices),
        "robustness": describe_robustness(findings.robustness),
        "limits": list_limits(findings),
        "promotion": describe_promotion(findings.promotion),
        "lineage": describe_lineage(findings.model_lineage),
        "parity": describe_parity(findings.parity_report),
        "uri": choose_uri(findings.model_name, findings.promotion),
        "abstains": find_threshold(findings) is not None,
        "has_sets": bool(findings.operating_point),
    }
