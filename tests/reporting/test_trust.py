import numpy as np
import pandas as pd
import pytest

from onion_pipeline.explanation.report import Report
from onion_pipeline.reporting.findings import Findings
from onion_pipeline.reporting.trust import add_trust

COUNTS = {"train": 400, "validation": 100, "test": 100}
METRICS = {
    "accuracy": 0.955,
    "accuracy_interval": [0.917, 0.976],
    "calibration_error": 0.02,
    "test_images": 200,
}
DATA = {
    "files": 1203,
    "images": 1200,
    "quarantined": {"truncated": 3},
    "classes": {"ant": COUNTS, "a_bee": COUNTS},
    "imbalance": {"largest_class": "ant", "smallest_class": "a_bee", "ratio": 1.0},
    "duplicates": {"exact_pairs": 3, "near_pairs": 4, "contradicting_labels": {"pairs": 0}},
    "leaks": {"pairs": 1},
}


@pytest.fixture
def tell():
    """A function that returns the part of a report that says how far to trust a network."""

    def tell(**found):
        report = Report({}, [])
        findings = Findings(
            model_name="insects",
            class_names=["ant", "a_bee"],
            image_shape=(4, 4, 1),
            resize="crop",
            confidence_level=0.9,
            metrics=METRICS,
            **found,
        )
        images = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((4, 4, 1), np.uint8)
        add_trust(report, findings, images)
        return report, report.description["trust"]

    return tell


def test_figures_come_with_their_intervals_and_meaning(tell):
    _, trust = tell()
    accuracy, calibration = trust["facts"]
    assert accuracy == {
        "name": "Accuracy",
        "value": "95.5\u00a0%",
        "detail": "90\u00a0% interval 91.7 to 97.6\u00a0%; pictures that got the right class",
    }
    assert calibration["name"] == "Calibration error"
    assert (trust["data"], trust["mistakes"]) == ([], [])


def test_the_best_simple_model_stands_beside_them(tell):
    table = pd.DataFrame(
        {
            "model": ["network", "majority_class", "logistic_regression"],
            "accuracy": [0.955, 0.5, 0.8],
            "p_value": [None, 0.001, 0.001],
        }
    )
    fact = tell(baselines=table)[1]["facts"][-1]
    assert (fact["name"], fact["value"]) == ("Without a network", "80.0\u00a0%")
    assert fact["detail"] == "accuracy by logistic regression on the pixels"


def test_the_data_are_counted(tell):
    facts = {fact["name"]: fact for fact in tell(data_report=DATA)[1]["data"]}
    values = {name: fact["value"].replace("\u00a0", " ") for name, fact in facts.items()}
    assert values == {
        "Pictures": "1,200",
        "Classes": "2",
        "Quarantined": "3 files",
        "Duplicates": "7 pairs",
        "Leaks": "1 pair",
    }
    assert facts["Pictures"]["detail"] == (
        "800 for training, 200 for validation and 200 for the test"
    )


@pytest.mark.parametrize(("near", "leaks", "kept"), [(4, 0, True), (4, 1, False), (0, 0, False)])
def test_duplicates_are_kept_in_one_split_or_the_test_flatters(near, leaks, kept, tell):
    duplicates = {**DATA["duplicates"], "exact_pairs": 0, "near_pairs": near}
    found = {**DATA, "duplicates": duplicates, "leaks": {"pairs": leaks}}
    said = {fact["name"]: fact["detail"] for fact in tell(data_report=found)[1]["data"]}
    assert ("kept in one split each" in said["Duplicates"]) == kept
    assert ("flatters" in said["Leaks"]) == bool(leaks)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (1.0, "with as many pictures each"),
        (1.04, "with almost as many pictures each"),
        (1.06, "the largest with 1.1 times as many pictures as the smallest"),
    ],
)
def test_the_sizes_of_the_classes_are_compared(ratio, said, tell):
    facts = tell(data_report={**DATA, "imbalance": {"ratio": ratio}})[1]["data"]
    assert facts[1]["detail"] == said


def test_limits_are_plain_text_and_the_surest_mistakes_come_first(tell):
    predictions = pd.DataFrame(
        {
            "path": ["0.png", "1.png", "2.png", "3.png"],
            "label": ["ant", "a_bee", "a_bee", "ant"],
            "predicted": ["ant", "ant", "ant", "a_bee"],
            "confidence": [0.9, 0.6, 0.8, 0.7],
        }
    )
    report, trust = tell(test_predictions=predictions)
    assert (
        "Its commonest mistake is to take a_bee for ant (2 times in the test)." in trust["limits"]
    )
    assert [each["path"] for each in trust["mistakes"]] == ["2.png", "3.png", "1.png"]
    assert report.tensors[trust["mistakes"][0]["pixels"]].max() == 2
