"""What a model cannot do, told from the facts."""

from collections.abc import Callable, Iterator

from onion_pipeline.annotations import Series
from onion_pipeline.evaluation.baselines import list_unbeaten
from onion_pipeline.reporting.comparisons import show_model
from onion_pipeline.reporting.confidence import find_threshold
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.phrases import (
    escape_text,
    is_known,
    join_names,
    show_count,
    show_interval,
    show_share,
)
from onion_pipeline.reporting.results import find_confusions
from onion_pipeline.reporting.weaknesses import show_corruption

# From where on a fact is worth a warning.
WIDE_INTERVAL = 0.04
FEW_TRAINING_IMAGES = 100
FEW_TEST_IMAGES = 30
UNEVEN = 3.0  # times as many images of one class as of another
LARGE_CALIBRATION_ERROR = 0.05
MUCH_LOST = 0.8  # of the accuracy on pictures as they are
NAMED = 4  # corruptions


def list_limits(findings: Findings) -> list[str]:
    """Return what somebody who uses the model should know of its limits, as sentences."""
    return [limit for find in LIMITS for limit in find(findings)]


def _find_origin(findings: Findings) -> Iterator[str]:
    yield (
        "The test pictures come from the same collection as the training pictures. How well it "
        "does on pictures taken otherwise (another camera, light, background or hand) is not known."
    )


def _find_other_classes(findings: Findings) -> Iterator[str]:
    yield (
        f"It knows {len(findings.class_names):,} classes and nothing else: a picture of something "
        "else gets one of their names"
        + (", unless it is too unsure to answer." if find_threshold(findings) else ".")
    )


def _find_small_test(findings: Findings) -> Iterator[str]:
    low, high = findings.metrics["accuracy_interval"]
    if high - low > WIDE_INTERVAL:
        images = show_count(findings.metrics["test_images"], "picture")
        yield (
            f"The test has {images} only: the true accuracy may lie anywhere from "
            f"{show_interval(low, high)}."
        )


def _find_weak_class(findings: Findings) -> Iterator[str]:
    report = findings.class_report
    if report is None or report["recall"].min() == 1:
        return
    worst = report.loc[report["recall"].idxmin()]
    yield (
        f"It is weakest at class {escape_text(worst['class'])}: it recognises "
        f"{show_share(worst['recall'])} of {show_count(int(worst['support']), 'picture')}."
    )


def _find_confusion(findings: Findings) -> Iterator[str]:
    if findings.test_predictions is None:
        return
    for row in find_confusions(findings.test_predictions).head(1).to_dict("records"):
        if row["images"] > 1:
            yield (
                f"Its commonest mistake is to take {escape_text(row['label'])} for "
                f"{escape_text(row['predicted'])} ({row['images']:,} times in the test)."
            )


def _find_worst_slice(findings: Findings) -> Iterator[str]:
    table = findings.slices
    if table is None:
        return
    # The weakest class is told by its recall.
    for row in table[table["is_worst"] & (table["column"] != "class")].to_dict("records"):
        yield (
            f"It is weakest where {escape_text(str(row['column']).replace('_', ' '))} is "
            f"{escape_text(row['value'])}: {show_share(row['accuracy'])} of "
            f"{show_count(int(row['images']), 'picture')} are right."
        )


def _find_corruptions(findings: Findings) -> Iterator[str]:
    table = findings.robustness
    if table is None or table.empty:
        return
    middle = table[table["severity"] == _find_middle(table["severity"])]
    broken = middle[middle["accuracy"] < MUCH_LOST * middle["clean_accuracy"]]
    if len(broken):
        named = [
            f"{show_corruption(row['corruption'])} ({show_share(row['accuracy'])} right)"
            for row in broken.sort_values("accuracy", kind="stable").to_dict("records")
        ]
        yield f"Even at medium strength it does not bear {join_names(named, most=NAMED)}."


def _find_middle(severities: Series) -> int:
    found = sorted(severities.unique())
    return int(found[len(found) // 2])


def _find_unbeaten(findings: Findings) -> Iterator[str]:
    if findings.baselines is None:
        return
    unbeaten = [show_model(name) for name in list_unbeaten(findings.baselines)]
    if unbeaten:
        yield f"It is not clearly better than {join_names(unbeaten)}."


def _find_small_classes(findings: Findings) -> Iterator[str]:
    if findings.data_report is None:
        return
    counts = findings.data_report["classes"]
    for split, fewest, purpose in (
        ("train", FEW_TRAINING_IMAGES, "learn from"),
        ("test", FEW_TEST_IMAGES, "be tested with"),
    ):
        if all(each[split] < fewest for each in counts.values()):
            yield f"No class has as many as {fewest} pictures to {purpose}."
            continue
        few = [escape_text(name) for name, each in counts.items() if 0 < each[split] < fewest]
        if few:
            has = "has" if len(few) == 1 else "have"
            yield f"Less than {fewest} pictures to {purpose} {has} {join_names(few)}."


def _find_absent_classes(findings: Findings) -> Iterator[str]:
    if findings.data_report is None:
        return
    counts = findings.data_report["classes"]
    for split, consequence in (
        (
            "test",
            "how well it recognises them is not known, and no mean over the classes counts them",
        ),
        (
            "validation",
            "when training was at its best, and how sure the model may be, was judged without them",
        ),
    ):
        absent = [escape_text(name) for name, each in counts.items() if not each[split]]
        if absent:
            yield f"There are no {split} pictures of {join_names(absent)}: {consequence}."


def _find_imbalance(findings: Findings) -> Iterator[str]:
    imbalance = (findings.data_report or {}).get("imbalance")
    if imbalance and imbalance["ratio"] >= UNEVEN:
        yield (
            f"The classes are uneven: of {escape_text(imbalance['largest_class'])} there are "
            f"{imbalance['ratio']:.1f} times as many pictures as of "
            f"{escape_text(imbalance['smallest_class'])}."
        )


def _find_contradictions(findings: Findings) -> Iterator[str]:
    duplicates = (findings.data_report or {}).get("duplicates")
    pairs = duplicates["contradicting_labels"]["pairs"] if duplicates else 0
    if pairs:
        yield (
            f"{show_count(pairs, 'pair')} of (nearly) equal pictures have different labels: some "
            "labels are wrong, in training or in the test."
        )


def _find_overconfidence(findings: Findings) -> Iterator[str]:
    error = findings.metrics.get("calibration_error")
    if is_known(error) and error > LARGE_CALIBRATION_ERROR:
        yield (
            "Its confidence is not to be taken at its word: on average it is off by "
            f"{show_share(error)}."
        )


LIMITS: tuple[Callable[[Findings], Iterator[str]], ...] = (
    _find_other_classes,
    _find_origin,
    _find_unbeaten,
    _find_small_test,
    _find_absent_classes,
    _find_weak_class,
    _find_confusion,
    _find_worst_slice,
    _find_corruptions,
    _find_small_classes,
    _find_imbalance,
    _find_contradictions,
    _find_overconfidence,
)
