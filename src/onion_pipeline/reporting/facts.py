"""Each fact that is known of a model, in words.

The model card, the onion report, the description of a run and the last lines of a run lay these
facts out. The words are Markdown, in which strangers' names are escaped;
:func:`~onion_pipeline.reporting.phrases.unescape_text` makes plain text of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from onion_pipeline.annotations import DataFrame
from onion_pipeline.model.architecture import BLOCK
from onion_pipeline.model.backbones.weights import IMAGENET
from onion_pipeline.model.composites import Backbone
from onion_pipeline.reporting.phrases import (
    escape_text,
    is_known,
    join_names,
    show_count,
    show_interval,
    show_level,
    show_number,
    show_share,
    show_words,
)

FIGURES = {
    "accuracy": ("Accuracy", "pictures that got the right class"),
    "balanced_accuracy": (
        "Balanced accuracy",
        "the same with every class counting alike, however many pictures it has",
    ),
    "accuracy_without_leaked": (
        "Accuracy without leaked pictures",
        "the same without those that it knew from training or validation, or whose like it did",
    ),
    "macro_f1": (
        "Macro F1",
        "precision and recall in one figure, the mean over the classes; 1 is perfect",
    ),
    "accuracy_with_variants": (
        "Accuracy with variants",
        "right answers by the mean over each picture and variants of it, for comparison",
    ),
    "log_loss": ("Log loss", "how far off the probabilities are; 0 is perfect"),
    "calibration_error": (
        "Calibration error",
        "how far the confidence and the share of right answers lie apart, on average; 0 is perfect",
    ),
    "brier_score": ("Brier score", "mean squared error of the probabilities; 0 is perfect"),
    "mean_corruption_error": (
        "Error on corrupted pictures",
        "share of wrong answers when noise, blur or bad light are added",
    ),
}
NUMBERS = frozenset({"macro_f1", "log_loss", "brier_score"})  # all others are shares
TOP = re.compile(r"top_\d+_accuracy")
SIGNIFICANCE = 0.05  # of probabilities that are not what they say, one by one or in their sums
PHASES = {"probe": "of the head alone", "fine_tuning": "of fine-tuning"}
PURPOSES = {"train": "training", "validation": "validation", "test": "the test"}
BASELINES = {
    "network": "this model",
    "majority_class": "always naming the most frequent class of the test",
    "logistic_regression": "logistic regression on the pixels",
}


class Figure(NamedTuple):
    """A figure of the test; `interval` is empty where there is none."""

    title: str
    value: str
    interval: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


class Fact(NamedTuple):
    """A fact of the data: how many files or pairs, of what kind, and `why` that matters."""

    name: str
    number: int
    value: str
    detail: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.value} {self.detail}{self.why}"


def read_figures(
    metrics: Mapping[str, Any], names: Iterable[str], level: float | None = None
) -> Iterator[Figure]:
    """Yield those figures that have a value; their intervals name their `level` if it is given."""
    for name in names:
        if not is_known(metrics.get(name)):
            continue
        low, high = metrics.get(f"{name}_interval") or (None, None)
        interval = show_interval(low, high, share=name not in NUMBERS)
        if interval and level:
            interval = f"{show_level(level)} interval {interval}"
        show = show_number if name in NUMBERS else show_share
        k = name.removeprefix("top_").removesuffix("_accuracy")
        top_k = (f"Top-{k} accuracy", f"right class among the {k} likeliest")
        title, meaning = FIGURES.get(name, top_k)
        yield Figure(title, show(metrics[name]), interval, meaning)


def tell_data(report: Mapping[str, Any]) -> str:
    """Return how many pictures of how many classes there are, and for what."""
    pictures = show_count(report["images"], "picture")
    return f"{pictures} of {show_count(len(report['classes']), 'class')}: {tell_splits(report)}"


def tell_test(metrics: Mapping[str, Any], report: Mapping[str, Any] | None) -> str:
    """Return on how many pictures a model was tested, and whether it knew them."""
    tested, leaked = show_count(metrics["test_images"], "picture"), metrics.get("leaked_images", 0)
    if leaked:
        return (
            f"{tested}, of which it knew {leaked:,} from training or validation, or knew their like"
        )
    leaks = (report or {}).get("leaks", {})
    if "leaked_images" not in metrics and leaks.get("test_pairs", leaks.get("pairs", 0)):
        return f"{tested}, some of which it knew from training or validation, or knew their like"
    if not (report or {}).get("duplicates", {}).get("near_looked_for", True):
        return f"{tested} of other files than it learned from"
    return f"{tested} that it had never seen"


def tell_without_leaked(metrics: Mapping[str, Any]) -> str:
    """Return the accuracy on the test pictures that a model did not know; mostly nothing."""
    for figure in read_figures(metrics, ["accuracy_without_leaked"]):
        others = show_count(metrics["test_images_without_leaked"], "picture")
        return f"in {figure} of the other {others}"
    return ""


def tell_splits(report: Mapping[str, Any]) -> str:
    """Return the sizes of the splits with their purposes."""
    counts = report["classes"].values()
    sizes = {split: sum(each[split] for each in counts) for split in PURPOSES}
    return join_names([f"{sizes[split]:,} for {why}" for split, why in PURPOSES.items()])


def list_data_facts(report: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what is left out, repeated or in several splits (perhaps 0), or contradictory."""
    reasons, found, leaks = report["quarantined"], report["duplicates"], report["leaks"]["pairs"]
    listed = ", ".join(f"{show_words(name)}: {count:,}" for name, count in reasons.items())
    files = f"of {report['files']:,} that cannot be used" + (f" ({listed})" if listed else "")
    refused, pairs = sum(reasons.values()), found["exact_pairs"] + found["near_pairs"]
    contradicting = found["contradicting_labels"]["pairs"]
    is_searched = found.get("near_looked_for", True)
    what = "equal or nearly equal pictures" if is_searched else "equal files"
    kept = ", kept in one split each" + (
        ", so that the test asks for nothing that was shown before"
        if is_searched
        else "; pictures that are nearly the same were not looked for, and may be in several"
    )
    in_test = report["leaks"].get("test_pairs", leaks)
    of_test = "by which" if in_test == leaks else f"by {in_test:,} of which"
    flatters = (
        f", {of_test} the test flatters the model"
        if in_test
        else ", none of them with one in the test"
    )
    yield Fact("Quarantined", refused, show_count(refused, "file"), files)
    for name, number, which, why in (
        ("Duplicates", pairs, "", kept if pairs and not leaks else ""),
        ("Contradicting", contradicting, " with different labels", ""),
        ("Leaks", leaks, " in different splits", flatters if leaks else ""),
    ):
        if number or name != "Contradicting":  # of which there mostly are none
            detail = f"of {what}{which}"
            yield Fact(name, number, show_count(number, "pair"), detail, why)


def rank_baselines(table: DataFrame) -> list[tuple[str, str]]:
    """Return accuracy and name of all baselines, the best first."""
    others = table.query("model != 'network'")[["accuracy", "model"]]
    ranked = others.sort_values("accuracy", ascending=False, kind="stable").itertuples(index=False)
    return [(show_share(accuracy), name_model(name)) for accuracy, name in ranked]


def name_model(name: str) -> str:
    """Return the name of the network or of a baseline as words."""
    return escape_text(BASELINES.get(name, show_words(name)))


def tell_slice(row: Mapping[str, Any]) -> str:
    """Return which pictures a slice holds, and how many of them are right."""
    pictures = show_count(int(row["images"]), "picture")
    where = f"{escape_text(show_words(row['column']))} is {escape_text(row['value'])}"
    return f"where {where}: {show_share(row['accuracy'])} of {pictures} are right"


def find_confusions(predictions: DataFrame) -> DataFrame:
    """Return the mistakes by their frequency: columns ``label``, ``predicted``, ``images``."""
    wrong = predictions.query("label != predicted").groupby(["label", "predicted"])
    counts = wrong.size().reset_index(name="images")
    return counts.sort_values("images", ascending=False, kind="stable", ignore_index=True)


def find_threshold(operating_point: Mapping[str, Any] | None) -> float | None:
    """Return the confidence below which the model abstains; ``None`` if it always answers."""
    threshold = (operating_point or {}).get("confidence_threshold")
    return threshold if is_known(threshold) and threshold > 0 else None


def tell_epochs(history: DataFrame) -> str:
    """Return of how many epochs a training was, and of which phases if it had any."""
    if "phase" not in history:
        return show_count(len(history), "epoch")
    counts = history["phase"].value_counts(sort=False).items()
    return join_names([f"{show_count(count, 'epoch')} {PHASES[phase]}" for phase, count in counts])


def tell_backbone(backbone: Backbone) -> str:
    """Return which pretrained network a model begins with, and what it was trained on."""
    network = backbone.network
    name = f"{escape_text(network.name)} ([source]({network.source}), licence {network.licence})"
    if backbone.weights is None:
        return f"It begins with the layers of {name}, with random weights"
    if backbone.weights != IMAGENET:
        return f"It begins with {name}, whose weights are from a file of the user's"
    return (
        f"It begins with {name}, which others trained on ImageNet-1k: 1.28 million photographs of "
        "1,000 kinds of things, whose biases come with it"
    )


def count_blocks(table: DataFrame) -> int:
    """Return how many rows of an architecture table are blocks of a pretrained network."""
    return int((table["kind"] == BLOCK).sum())


def find_total(table: DataFrame, column: str) -> int | None:
    """Return what all layers have together of ``parameters`` or ``multiply_adds``, if known."""
    total = table.loc[table["layer"] == "total", column].iloc[0]
    return int(total) if table[column].notna().all() else None


def tell_label_issues(issues: DataFrame, audited: int | None = None) -> str:
    """Return how many labels are probably wrong, of how many if that is known."""
    number = len(issues)
    if audited is not None:
        return f"{number:,} of {show_count(audited, 'label')} are probably wrong"
    return f"{show_count(number, 'label')} {'is' if number == 1 else 'are'} probably wrong"


def tell_registration(registration: Mapping[str, Any]) -> str:
    """Return version and alias of a registered model, or why it is not registered."""
    if registration["status"] != "registered":
        return f"not registered yet: {escape_text(registration['reason'].rstrip('.'))}"
    name, version, alias = (registration[key] for key in ("model_name", "version", "alias"))
    return f"{escape_text(name)} version {version}, alias {alias}"
