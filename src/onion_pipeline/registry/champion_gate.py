"""Where the champion is chosen: the present one and a challenger answer the same test images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import MlflowClient
from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.evaluation.comparison import compare_answers, compare_with_majority
from onion_pipeline.evaluation.predictions import find_ids
from onion_pipeline.images.arrays import make_keys
from onion_pipeline.model.graph import count_multiply_adds
from onion_pipeline.parameters import RegisterParameters
from onion_pipeline.registry import champion_rules
from onion_pipeline.registry.aliases import REPLACED_BY, read_aliases
from onion_pipeline.registry.attachments import read_seen_images
from onion_pipeline.registry.champion_rules import CHALLENGER, CHAMPION, Decision
from onion_pipeline.registry.contenders import Challenger, Champion, answer_images
from onion_pipeline.registry.logged_models import fetch_package, find_missing_folder
from onion_pipeline.registry.package import read_classifier
from onion_pipeline.registry.versions import find_registered
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.content import hash_content
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import ask_store


def choose_champion(challenger: Challenger, rules: RegisterParameters) -> Decision:
    """Decide whether a model is to be champion; ``pending`` if MLflow does not answer.

    The champion answers the challenger's test images anew; those that it has seen in training or
    validation, by the hash of their content, are left out.

    Raises:
        RegistryError: MLflow refuses the name.
    """
    names = challenger.classifier.config.class_names
    baseline = compare_with_majority(*_find_answers(challenger), names, challenger.majority)
    try:
        with ask_store():
            client = import_client()
            number = read_aliases(client, rules.model_name).get(CHAMPION)
            found = _look_up(client, challenger, number, baseline, rules)
    except StoreOutageError as outage:
        return Decision("pending", "outage", str(outage), rules.alias)
    decision = _compete(challenger, found, rules) if isinstance(found, Champion) else found
    decision = decision._replace(champion_before=number, baseline=baseline)
    return decision if rules.alias == "auto" else champion_rules.force(decision, rules.alias)


def _find_answers(challenger: Challenger) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of the classes that the test images have, and of those that it names."""
    files, names = challenger.files, challenger.classifier.config.class_names
    return find_ids(files["label"], names), find_ids(files["predicted"], names)


def _look_up(
    client: MlflowClient,
    challenger: Challenger,
    number: str | None,
    baseline: Mapping[str, Any],
    rules: RegisterParameters,
) -> Decision | Champion:
    """Return the champion to compare with, or the decision where there is nothing to compare."""
    decision = _recognize(client, rules.model_name, challenger.classifier, number)
    decision = decision or champion_rules.judge_baseline(baseline, rules.significance)
    if decision or not number:
        return decision or champion_rules.judge_first(baseline)
    try:
        with fetch_package(client, f"models:/{rules.model_name}/{number}") as package:
            return Champion(number, read_classifier(package), read_seen_images(package))
    except RegistryError as error:
        return champion_rules.judge_loading(error, number)


def _recognize(
    client: MlflowClient, name: str, classifier: Classifier, champion: str | None
) -> Decision | None:
    """Let a model that is champion, or no longer is, keep its place."""
    found = find_registered(client, name, hash_content(classifier.model, classifier.config))
    if not found:
        return None
    number, _ = found
    again = f"it is version {number} again"
    if number == champion:
        gone = ", whose files are gone" if find_missing_folder(client, name, number) else ""
        return Decision(CHAMPION, "same_model", f"{again}, the champion{gone}")
    successor = client.get_model_version(name, number).tags.get(REPLACED_BY)
    if not successor:
        return None
    reason = f"{again}, whose place as champion version {successor} has taken"
    return Decision(CHALLENGER, "replaced", reason + champion_rules.explain_promotion(number))


def _compete(challenger: Challenger, champion: Champion, rules: RegisterParameters) -> Decision:
    """Decide by what a challenger and the champion say of the same images."""
    news, olds = (each.classifier.config.class_names for each in (challenger, champion))
    decision = champion_rules.judge_classes(news, olds, champion.version)
    if decision:
        return decision
    comparison = _compare(challenger, champion, rules)
    decision = champion_rules.judge_comparison(comparison, champion.version, rules)
    return decision._replace(comparison=comparison)


def _compare(
    challenger: Challenger, champion: Champion, rules: RegisterParameters
) -> dict[str, Any]:
    """Return the figures of both on the images that the champion has not seen and can read."""
    seen = np.isin(make_keys(challenger.files["sha256"]), champion.seen)
    unseen = np.flatnonzero(~seen)
    answers = answer_images(champion.classifier, challenger, unseen)
    rows, answers = unseen[answers >= 0], answers[answers >= 0]
    found = {
        "images": len(rows),
        "left_out": {"seen": int(seen.sum()), "unreadable": len(unseen) - len(rows)},
        "multiply_adds": {
            CHALLENGER: count_multiply_adds(challenger.classifier.model),
            CHAMPION: count_multiply_adds(champion.classifier.model),
        },
    }
    if not len(rows):
        return found
    truth, named = _find_answers(challenger)
    names = challenger.classifier.config.class_names
    return found | compare_answers(
        truth[rows], named[rows], answers, names, rules.metric, level=rules.significance
    )
