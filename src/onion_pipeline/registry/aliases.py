"""Which version is champion and which the challenger, and how the title passes on.

Tags on the versions tell the history, as the MLflow UI shows it: who was champion before, who
came after, and why.
"""

from datetime import UTC, datetime
from typing import Literal

from onion_pipeline.annotations import MlflowClient
from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.registry.champion_rules import CHALLENGER, CHAMPION, Decision
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import accept_answer, ask_store, find_command

DECISION = "gate.decision"
CHAMPION_BEFORE = "gate.champion_before"
REPLACED_BY = "gate.replaced_by"
BY_HAND = "gate.by_hand"
FIGURES = ("difference", "p_value")
LONGEST_TAG = 1000  # characters; a list of classes has no end


def read_aliases(client: MlflowClient, name: str) -> dict[str, str]:
    """Return the version of each alias; none if there is no such model."""
    with accept_answer("RESOURCE_DOES_NOT_EXIST"):
        aliases = client.get_registered_model(name).aliases
        return {alias: str(number) for alias, number in aliases.items()}
    return {}


def settle_alias(client: MlflowClient, name: str, number: str, decision: Decision) -> Decision:
    """Give a version the alias that was decided, and return the decision.

    It is another one if the champion is no longer the one that was compared with. It may be
    called again after a crash on the way: the tags come first, the alias last.
    """
    aliases = read_aliases(client, name)
    champion = aliases.get(CHAMPION)
    confirmed = _confirm(decision, champion, number)
    _write_decision(client, name, number, champion, confirmed)
    if confirmed.decision == CHAMPION:
        _crown(client, name, number, aliases)
    else:
        client.set_registered_model_alias(name, CHALLENGER, number)
    return confirmed


def promote_version(name: str, version: int | Literal["previous"]) -> str:
    """Make a version champion by hand, and return in one line who is and who was champion.

    ``previous`` is the champion before the present one.

    Raises:
        StoreOutageError: MLflow does not answer.
        RegistryError: there is no such version, or none before.
    """
    try:
        with ask_store():
            client = import_client()
            aliases = read_aliases(client, name)
            before = aliases.get(CHAMPION)
            number = _choose_version(client, name, version, before)
            if number != before:
                client.set_model_version_tag(name, number, BY_HAND, f"champion, {_tell_time()}")
                _crown(client, name, number, aliases)
    except StoreOutageError as outage:
        raise StoreOutageError(f"No version is promoted: {outage} Run this again.") from outage
    if number == before:
        return f"Version {number} of {name} is the champion already."
    back = f", in place of version {before}; to go back: kedro run --pipelines promote"
    return f"Version {number} of {name} is champion now{back if before else '.'}"


def _confirm(decision: Decision, champion: str | None, number: str) -> Decision:
    """Return a decision that fits who is champion now."""
    if decision.asked != "auto":
        return decision
    if champion == number:
        return decision._replace(decision=CHAMPION)
    if decision.decision == CHALLENGER or champion == decision.champion_before:
        return decision
    return decision._replace(
        decision=CHALLENGER,
        rule="overtaken",
        reason=f"{_name_version(champion)} is champion now; this model was compared with "
        f"{_name_version(decision.champion_before)}. Let it be compared anew: {find_command()}",
    )


def _write_decision(
    client: MlflowClient, name: str, number: str, champion: str | None, decision: Decision
) -> None:
    """Tag a version with a decision, unless it tells how it became the champion it is or was."""
    tags = client.get_model_version(name, number).tags
    if DECISION in tags and (champion == number or REPLACED_BY in tags):
        return
    comparison = decision.comparison or {}
    described = {
        "decision": decision.decision,
        "rule": decision.rule,
        "reason": decision.reason,
        "champion_before": decision.champion_before,
        "decided_at": _tell_time(),
        "metric": comparison.get("metric"),
        **{key: f"{comparison[key]:.4g}" for key in FIGURES if key in comparison},
    }
    for key, text in described.items():
        if text:
            client.set_model_version_tag(name, number, f"gate.{key}", text[:LONGEST_TAG])
    for key in ("metric", *FIGURES):
        if f"gate.{key}" in tags and not described.get(key):
            client.delete_model_version_tag(name, number, f"gate.{key}")


def _crown(client: MlflowClient, name: str, number: str, aliases: dict[str, str]) -> None:
    """Make a version champion, and leave in the tags who was before and who came after."""
    before = aliases.get(CHAMPION)
    if before and before != number:
        client.set_model_version_tag(name, number, CHAMPION_BEFORE, before)
        client.set_model_version_tag(name, before, REPLACED_BY, number)
    if REPLACED_BY in client.get_model_version(name, number).tags:
        client.delete_model_version_tag(name, number, REPLACED_BY)
    client.set_registered_model_alias(name, CHAMPION, number)
    if aliases.get(CHALLENGER) == number:
        client.delete_registered_model_alias(name, CHALLENGER)


def _choose_version(
    client: MlflowClient, name: str, version: int | Literal["previous"], champion: str | None
) -> str:
    found = client.search_model_versions(f"name = '{name}'")
    tags = {str(each.version): each.tags for each in found}
    chosen = str(version)
    if version == "previous":
        chosen = tags.get(champion or "", {}).get(CHAMPION_BEFORE, "")
    if chosen in tags:
        return chosen
    listing = ", ".join(sorted(tags, key=int)) or "none"
    wanted = f"version {chosen}" if chosen else f"champion before {_name_version(champion)}"
    raise RegistryError(
        f"{name} has no {wanted}. Name one with --params promote.version=<number>; there are: "
        f"{listing}."
    )


def _name_version(number: str | None) -> str:
    return f"version {number}" if number else "none"


def _tell_time() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
