"""What a model cannot do, told from the findings."""

from collections.abc import Callable, Iterator
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation.baselines import list_unbeaten
from onion_pipeline.model.backbones.weights import IMAGENET
from onion_pipeline.model.composites import Backbone
from onion_pipeline.reporting import facts
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import (
    escape_text,
    is_known,
    join_names,
    show_count,
    show_interval,
    show_share,
    show_words,
)

# From where on a fact is worth a warning.
WIDE_INTERVAL = 0.04
FEW_IMAGES = {"train": (100, "learn from"), "test": (30, "be tested with")}
UNEVEN = 3.0  # times as many images of one class as of another
LARGE_CALIBRATION_ERROR = 0.05
MUCH_LOST = 0.8  # of the accuracy on pictures as they are
ABSENT = {
    "test": "how well it recognises them is not known, and no mean over the classes counts them",
    "validation": (
        "when training was at its best, and how sure the model may be, was judged without them"
    ),
}


def list_limits(findings: Findings) -> list[str]:
    """Return what somebody who uses the model should know of its limits, as sentences."""
    abstains = facts.find_threshold(findings.operating_point) is not None
    known = [(find, getattr(findings, name)) for name, find in LIMITS]
    return [
        f"It knows {len(findings.class_names):,} classes and nothing else: a picture of something "
        f"else gets one of their names{', unless it is too unsure to answer' if abstains else ''}.",
        "The test pictures come from the same collection as the training pictures. How well it "
        "does on pictures taken otherwise (another camera, light, background or hand) is not "
        "known.",
        *(limit for find, found in known if found is not None for limit in find(found)),
    ]


def _find_foreign_biases(backbone: Backbone) -> Iterator[str]:
    if backbone.weights == IMAGENET:
        yield (
            f"Its first layers, {escape_text(backbone.name)}, were trained by others on "
            "photographs from the internet (ImageNet-1k). What is common there and what is rare, "
            "such as things and places outside of North America and Europe, comes with them."
        )


def _find_unbeaten(baselines: DataFrame) -> Iterator[str]:
    unbeaten = [facts.name_model(name) for name in list_unbeaten(baselines)]
    if unbeaten:
        yield f"It is not clearly better than {join_names(unbeaten)}."


def _find_leaked(metrics: dict[str, Any]) -> Iterator[str]:
    leaked = metrics.get("leaked_images")
    if not leaked:
        return
    without = facts.tell_without_leaked(metrics)
    told = (
        f"it was right {without}, and in {show_share(metrics['accuracy'])} of all"
        if without
        else "how good it is with others is not known"
    )
    yield (
        f"Of the {show_count(metrics['test_images'], 'test picture')}, {leaked:,} "
        f"{'is' if leaked == 1 else 'are'} among those for training or validation, too, nearly the "
        "same as one of them or of the same group, and every other figure of the test is too kind: "
        f"{told}."
    )


def _find_test_size(metrics: dict[str, Any]) -> Iterator[str]:
    if is_known(clusters := metrics.get("test_clusters")):
        yield (
            f"Of the {show_count(metrics['test_images'], 'test picture')}, some belong together "
            "(one group, or nearly the same picture). These are "
            f"{show_count(int(clusters), 'group')} of pictures: intervals count groups, not "
            "pictures."
        )
    low, high = metrics["accuracy_interval"]
    if high - low > WIDE_INTERVAL:
        yield (
            f"The test has {show_count(metrics['test_images'], 'picture')} only: the true accuracy "
            f"may lie anywhere from {show_interval(low, high)}."
        )


def _find_absent_classes(report: dict[str, Any]) -> Iterator[str]:
    for split, consequence in ABSENT.items():
        absent = [escape_text(name) for name, each in report["classes"].items() if not each[split]]
        if absent:
            yield f"There are no {split} pictures of {join_names(absent)}: {consequence}."


def _find_weak_class(report: DataFrame) -> Iterator[str]:
    report = report.dropna(subset="recall")
    if report["recall"].min() < 1:
        is_clear = "is_weakest" in report and report["is_weakest"].any()
        row = report["is_weakest" if is_clear else "recall"]
        worst = report.loc[row.idxmax() if is_clear else row.idxmin()]
        share, count = show_share(worst["recall"]), show_count(int(worst["support"]), "picture")
        name = escape_text(worst["class"])
        yield (
            f"It is weakest at class {name}: it recognises {share} of {count}."
            if is_clear
            else "No class is clearly weaker than the others: that it recognises the fewest of "
            f"class {name}, {share} of {count}, may be chance."
        )


def _find_confusion(predictions: DataFrame) -> Iterator[str]:
    for row in facts.find_confusions(predictions).head(1).query("images > 1").to_dict("records"):
        yield (
            f"Its commonest mistake is to take {escape_text(row['label'])} for "
            f"{escape_text(row['predicted'])} ({row['images']:,} times in the test)."
        )


def _find_worst_slice(slices: DataFrame) -> Iterator[str]:
    # The weakest class is told by its recall.
    for row in slices[slices["is_worst"] & (slices["column"] != "class")].to_dict("records"):
        yield f"It is weakest {facts.tell_slice(row)}."


def _find_corruptions(robustness: DataFrame) -> Iterator[str]:
    if robustness.empty:
        return
    severities = sorted(robustness["severity"].unique())
    middle = robustness[robustness["severity"] == severities[len(severities) // 2]]
    broken = middle[middle["accuracy"] < MUCH_LOST * middle["clean_accuracy"]]
    worst = broken.sort_values("accuracy", kind="stable").set_index("corruption")["accuracy"]
    named = [f"{show_words(name)} ({show_share(share)} right)" for name, share in worst.items()]
    if named:
        yield f"Even at medium strength it does not bear {join_names(named, most=4)}."


def _find_small_classes(report: dict[str, Any]) -> Iterator[str]:
    counts = report["classes"]
    for split, (fewest, purpose) in FEW_IMAGES.items():
        if all(each[split] < fewest for each in counts.values()):
            yield f"No class has as many as {fewest} pictures to {purpose}."
            continue
        few = [escape_text(name) for name, each in counts.items() if 0 < each[split] < fewest]
        if few:
            have = "has" if len(few) == 1 else "have"
            yield f"{join_names(few)} {have} fewer than {fewest} pictures to {purpose}."


def _find_imbalance(report: dict[str, Any]) -> Iterator[str]:
    imbalance = report["imbalance"]
    if imbalance["ratio"] >= UNEVEN:
        yield (
            f"The classes are uneven: of {escape_text(imbalance['largest_class'])} there are "
            f"{imbalance['ratio']:.1f} times as many pictures as of "
            f"{escape_text(imbalance['smallest_class'])}."
        )


def _find_contradictions(report: dict[str, Any]) -> Iterator[str]:
    for fact in facts.list_data_facts(report):
        if fact.name == "Contradicting" and fact.number:
            yield (
                f"There {'is' if fact.number == 1 else 'are'} {fact.value} {fact.detail}: of equal "
                "ones a label is wrong; those that are nearly so may show different things that "
                "look alike."
            )


def _find_overconfidence(metrics: dict[str, Any]) -> Iterator[str]:
    error, expected, p_value = (
        metrics.get(name)
        for name in ("calibration_error", "calibration_error_by_chance", "calibration_p_value")
    )
    if not (is_known(error) and is_known(expected) and is_known(p_value)):
        return
    if error > LARGE_CALIBRATION_ERROR and p_value <= facts.SIGNIFICANCE:
        yield (
            "Its confidence is not to be taken at its word: on average it is off by "
            f"{show_share(error)}, where chance would make {show_share(expected)} of a confidence "
            "that is right."
        )


def _find_other_frequencies(report: DataFrame) -> Iterator[str]:
    if "frequency_p_value" not in report:
        return
    off = report[report["frequency_p_value"] <= facts.SIGNIFICANCE].sort_values("frequency_p_value")
    named = [
        f"{escape_text(row['class'])} to {row['expected']:,.1f}, of which there are "
        f"{int(row['support']):,}"
        for row in off.to_dict("records")
    ]
    if named:
        yield (
            "The classes come in the test with other frequencies than it expects: its "
            f"probabilities add up, for {join_names(named, most=3)}."
        )


# Of which finding each is told, in their order.
LIMITS: tuple[tuple[str, Callable[[Any], Iterator[str]]], ...] = (
    ("backbone", _find_foreign_biases),
    ("baselines", _find_unbeaten),
    ("metrics", _find_leaked),
    ("metrics", _find_test_size),
    ("data_report", _find_absent_classes),
    ("class_report", _find_weak_class),
    ("test_predictions", _find_confusion),
    ("slices", _find_worst_slice),
    ("robustness", _find_corruptions),
    ("data_report", _find_small_classes),
    ("data_report", _find_imbalance),
    ("data_report", _find_contradictions),
    ("class_report", _find_other_frequencies),
    ("metrics", _find_overconfidence),
)
