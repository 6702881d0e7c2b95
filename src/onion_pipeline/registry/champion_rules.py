"""The rules by which a version becomes champion, and the words for each decision."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from onion_pipeline.errors import RegistryError
from onion_pipeline.evaluation.significance import count_fewest_images
from onion_pipeline.parameters import RegisterParameters

Alias = Literal["champion", "challenger"]
Table = Mapping[str, Any]

CHAMPION: Alias = "champion"
CHALLENGER: Alias = "challenger"
OF_BASELINE = ("accuracy", "majority_accuracy")
# Below it a p-value is 0 to a reader.
SMALLEST_SHOWN = 0.001


class Decision(NamedTuple):
    """Which alias a model is to have, why, and what speaks for it.

    Args:
        decision: the alias; ``pending`` if MLflow could not be asked for the champion.
        rule: the rule that decided, in a word.
        reason: in plain words.
        asked: what ``register.alias`` asked for.
        champion_before: the version that is to make room, or with which the model was compared.
        baseline: from :func:`~onion_pipeline.evaluation.comparison.compare_with_majority`.
        comparison: from :func:`~onion_pipeline.evaluation.comparison.compare_answers`, and
            ``multiply_adds`` of both for one picture (null where they are not known, and then
            neither is cheaper), and the test images ``left_out``.
    """

    decision: Literal["champion", "challenger", "pending"]
    rule: str
    reason: str
    asked: Literal["auto", "champion", "challenger"] = "auto"
    champion_before: str | None = None
    baseline: Table | None = None
    comparison: Table | None = None


def judge_baseline(baseline: Table, significance: float) -> Decision | None:
    """Decide against a model that is not better than always naming one class."""
    is_better = baseline["accuracy"] > baseline["majority_accuracy"]
    if is_better and baseline["p_value"] <= significance:
        return None
    found = "not shown to be better" if is_better else "not better"
    always = f"always naming {baseline['class']}, the most frequent class of the test"
    figures = _show(baseline, *OF_BASELINE)
    return Decision(CHALLENGER, "no_skill", f"{found} than {always} ({figures})")


def judge_first(baseline: Table) -> Decision:
    """Decide for a model with some skill where there is no champion."""
    reason = f"the first, and better than always naming {baseline['class']}"
    return Decision(CHAMPION, "first", f"{reason} ({_show(baseline, *OF_BASELINE)})")


def judge_classes(
    challenger: Sequence[str], champion: Sequence[str], version: str
) -> Decision | None:
    """Decide against a model that cannot be compared, since the champion knows other classes."""
    news, gone = sorted({*challenger} - {*champion}), sorted({*champion} - {*challenger})
    if not news and not gone:
        return None
    unlike = [f"{which} {', '.join(of)}" for which, of in (("new", news), ("gone", gone)) if of]
    return Decision(
        CHALLENGER,
        "other_classes",
        f"version {version} knows other classes ({'; '.join(unlike)}), so that they cannot be "
        f"compared{explain_promotion()}",
    )


def judge_loading(error: RegistryError, version: str) -> Decision:
    """Decide against a model that cannot be compared, since the champion cannot be loaded."""
    reason = f"version {version}, the champion, cannot be compared with: {error}"
    return Decision(CHALLENGER, "unreadable", reason + explain_promotion())


def judge_comparison(comparison: Table, version: str, rules: RegisterParameters) -> Decision:
    """Decide between a challenger and the champion.

    The challenger becomes champion if it is better by the test, or as good and cheaper, and no
    class loses more of its recall than `rules` allow. As good is what the test shows not to be
    worse by more than ``tolerance``: the lower bound of the difference is no lower. For
    `comparison` see :class:`Decision`; `version` is the champion's.
    """
    if comparison["images"] < count_fewest_images(rules.significance):
        return _refuse_images(comparison, version, count_fewest_images(rules.significance))
    decision = _judge_whole(comparison, version, rules)
    lost = _find_lost_class(comparison["classes"], rules)
    if decision.decision == CHALLENGER or not lost:
        return decision
    return Decision(
        CHALLENGER,
        "class_drop",
        f"class {lost['class']} loses more than register.max_class_drop (recall "
        f"{lost['challenger']:.3f} against {lost['champion']:.3f}); but for that {decision.reason}",
    )


def force(decision: Decision, alias: Alias) -> Decision:
    """Decide as a person wants it, and keep in the reason what the gate says."""
    reason = f"register.alias asks for it; the gate says {decision.decision}: {decision.reason}"
    return decision._replace(decision=alias, rule="forced", reason=reason, asked=alias)


def explain_promotion(version: str = "<number>") -> str:
    """Return what to type for a promotion against the gate's decision."""
    command = f"kedro run --pipelines promote --params promote.version={version}"
    return f"; to make this one champion all the same: {command}"


def _refuse_images(comparison: Table, version: str, fewest: int) -> Decision:
    seen, unreadable = (comparison["left_out"][key] for key in ("seen", "unreadable"))
    found = f"{comparison['images']} test images are left to compare it with version {version}"
    why = f"{seen} were seen by that in training"
    if unreadable:
        why += f", {unreadable} are no longer to be read (by the same --params images=...?)"
    reason = f"{found}, and a difference cannot be seen on less than {fewest}: {why}"
    return Decision(CHALLENGER, "too_few_images", reason)


def _judge_whole(comparison: Table, version: str, rules: RegisterParameters) -> Decision:
    difference, costs = comparison["difference"], comparison["multiply_adds"]
    against = f"version {version} ({_show(comparison, CHALLENGER, CHAMPION)})"
    if comparison["p_value"] <= rules.significance:
        alias, word = (CHAMPION, "better") if difference > 0 else (CHALLENGER, "worse")
        return Decision(alias, word, f"{word} than {against}")
    if None in costs.values() or costs[CHALLENGER] >= costs[CHAMPION] or not rules.tolerance:
        reason = f"not better than {against}{_tell_power(comparison)}"
        return Decision(CHALLENGER, "not_better", reason)
    shown = f"cheaper ({costs[CHALLENGER]:,} multiply-adds against {costs[CHAMPION]:,})"
    lowest = comparison["lowest_difference"]
    if lowest >= -rules.tolerance:
        reason = f"not worse than {against} by more than {rules.tolerance:g}, and {shown}"
        return Decision(CHAMPION, "cheaper", reason)
    reason = f"{shown}, but not better than {against}, and it may be worse by {-lowest:.3f}"
    return Decision(CHALLENGER, "not_better", f"{reason}, more than register.tolerance")


def _tell_power(comparison: Table) -> str:
    """Return which difference the test could have seen, as the end of a sentence."""
    noticeable = comparison.get("noticeable_difference")
    if noticeable is None:
        return ""
    return f"; a difference of {noticeable:.3f} would be seen in 80 of 100 such tests"


def _find_lost_class(classes: Sequence[Table], rules: RegisterParameters) -> Table | None:
    """Return the class that loses most, if that is too much.

    A loss counts if chance does not explain it: of a class with few images, one or two may
    always go the other way.
    """
    losses = {
        row["champion"] - row["challenger"]: row
        for row in classes
        if row["images"] and row["p_value"] <= rules.significance
    }
    largest = max(losses, default=0.0)
    return losses[largest] if largest > rules.max_class_drop else None


def _show(table: Table, first: str, second: str) -> str:
    """Return two figures of a table, on how many images, and how likely chance gives that."""
    p_value = table["p_value"]
    shown = f"p < {SMALLEST_SHOWN}" if p_value < SMALLEST_SHOWN else f"p = {p_value:.2g}"
    return f"{table[first]:.3f} against {table[second]:.3f} on {table['images']} images, {shown}"
