"""Where the champion is chosen: it and a challenger answer the same test images."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.evaluation.comparison import Metric, compare_answers, compare_with_majority
from onion_pipeline.evaluation.predictions import find_ids
from onion_pipeline.images.arrays import make_keys
from onion_pipeline.model.graph import count_multiply_adds
from onion_pipeline.parameters import RegisterParameters
from onion_pipeline.registry.aliases import REPLACED_BY, read_aliases
from onion_pipeline.registry.champion import (
    UNREADABLE,
    Challenger,
    Champion,
    answer_images,
    load_champion,
)
from onion_pipeline.registry.champion_rules import (
    CHALLENGER,
    CHAMPION,
    Decision,
    explain_promotion,
    force,
    judge_baseline,
    judge_classes,
    judge_comparison,
    judge_first,
    judge_loading,
)
from onion_pipeline.registry.logged_models import find_missing_folder
from onion_pipeline.registry.versions import find_registered
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.content import hash_content
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import ask_store

if TYPE_CHECKING:
    from mlflow import MlflowClient


def choose_champion(challenger: Challenger, rules: RegisterParameters) -> Decision:
    """Decide whether a model is to be champion.

    The champion answers the challenger's test images anew; those that it has seen in training or
    validation, by the hash of their content, are left out.

    Args:
        challenger: the model.
        rules: what is asked of it.

    Returns:
        The decision; ``pending`` if MLflow does not answer.

    Raises:
        RegistryError: MLflow refuses the name.
    """
    names = challenger.classifier.config.class_names
    baseline = compare_with_majority(*_find_answers(challenger), names, challenger.majority)
    try:
        with ask_store():
            found = _look_up(import_client(), challenger, baseline, rules)
    except StoreOutageError as outage:
        return Decision("pending", "outage", str(outage), rules.alias)
    decision = _compete(challenger, found, rules) if isinstance(found, Champion) else found
    decision = decision._replace(baseline=baseline)
    return decision if rules.alias == "auto" else force(decision, rules.alias)


def _find_answers(challenger: Challenger) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of the classes that the test images have, and of those that it names."""
    files, names = challenger.files, challenger.classifier.config.class_names
    return find_ids(files["label"], names), find_ids(files["predicted"], names)


def _look_up(
    client: "MlflowClient",
    challenger: Challenger,
    baseline: Mapping[str, Any],
    rules: RegisterParameters,
) -> Decision | Champion:
    """Return the champion to compare with, or the decision where there is nothing to compare."""
    name = rules.model_name
    number = read_aliases(client, name).get(CHAMPION)
    checksum = hash_content(challenger.classifier.model, challenger.classifier.config)
    decision = _recognize(client, name, checksum, number)
    decision = decision or judge_baseline(baseline, rules.significance)
    if decision:
        return decision._replace(champion_before=number)
    if not number:
        return judge_first(baseline)
    try:
        return load_champion(client, name, number)
    except RegistryError as error:
        return judge_loading(error, number)


def _recognize(
    client: "MlflowClient", name: str, checksum: str, champion: str | None
) -> Decision | None:
    """Let a model that is champion, or no longer is, keep its place."""
    found = find_registered(client, name, checksum)
    if not found:
        return None
    number, _ = found
    if number == champion:
        reason = f"it is version {number} again, the champion"
        gone = ", whose files are gone" if find_missing_folder(client, name, number) else ""
        return Decision(CHAMPION, "same_model", reason + gone)
    successor = client.get_model_version(name, number).tags.get(REPLACED_BY)
    if not successor:
        return None
    reason = f"it is version {number} again, whose place as champion version {successor} has taken"
    return Decision(CHALLENGER, "replaced", reason + explain_promotion(number))


def _compete(challenger: Challenger, champion: Champion, rules: RegisterParameters) -> Decision:
    """Decide by what a challenger and the champion say of the same images."""
    version = champion.version
    news, olds = (each.classifier.config.class_names for each in (challenger, champion))
    decision = judge_classes(news, olds, version)
    if decision:
        return decision._replace(champion_before=version)
    seen = np.isin(make_keys(challenger.files["sha256"]), champion.seen)
    comparison = _compare(challenger, champion.classifier, seen, rules.metric)
    decision = judge_comparison(comparison, version, rules)
    return decision._replace(champion_before=version, comparison=comparison)


def _compare(
    challenger: Challenger, champion: Classifier, seen: NDArray[np.bool_], metric: Metric
) -> dict[str, Any]:
    """Return the figures of both on the images that the champion has not `seen` and can read."""
    unseen = np.flatnonzero(~seen)
    answers = answer_images(champion, challenger, unseen)
    rows, answers = unseen[answers != UNREADABLE], answers[answers != UNREADABLE]
    found = {
        "images": len(rows),
        "left_out": {"seen": int(seen.sum()), "unreadable": len(unseen) - len(rows)},
        "multiply_adds": {
            CHALLENGER: count_multiply_adds(challenger.classifier.model),
            CHAMPION: count_multiply_adds(champion.model),
        },
    }
    if not len(rows):
        return found
    truth, named = _find_answers(challenger)
    names = challenger.classifier.config.class_names
    return {**found, **compare_answers(truth[rows], named[rows], answers, names, metric)}
