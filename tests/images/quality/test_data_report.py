import json

import pandas as pd
import pytest

from onion_pipeline.images.quality import data_report
from onion_pipeline.images.quality.data_report import (
    count_splits,
    find_contradictions,
    report_data,
)


@pytest.fixture
def splits() -> pd.DataFrame:
    rows = [
        ("cats/1.jpg", "cat", "train", 0),
        ("cats/2.jpg", "cat", "train", 0),
        ("cats/3.jpg", "cat", "test", 2),
        ("dogs/1.jpg", "dog", "train", 3),
        ("dogs/2.jpg", "dog", "left_out", 0),
    ]
    return pd.DataFrame(rows, columns=["path", "label", "split", "cluster"])


@pytest.fixture
def tables(splits) -> dict[str, pd.DataFrame]:
    index = pd.DataFrame(
        {
            "path": [*splits["path"], "dogs/notes.txt"],
            "format": ["JPEG"] * 4 + ["PNG", None],
            "grayscale": pd.Series([False, False, True, False, False, None], dtype="boolean"),
            "height": pd.Series([10, 10, 20, 10, 30, None], dtype="Int64"),
            "width": pd.Series([10, 10, 40, 10, 60, None], dtype="Int64"),
        }
    )
    duplicates = pd.DataFrame(
        {
            "first": [0, 0],
            "second": [1, 4],
            "kind": ["exact", "near"],
            "similarity": [1.0, 0.98],
            "first_path": ["cats/1.jpg", "cats/1.jpg"],
            "second_path": ["cats/2.jpg", "dogs/2.jpg"],
            "first_label": ["cat", "cat"],
            "second_label": ["cat", "dog"],
        }
    )
    values = [0.5, 0.5, 0.5, 0.5, 0.01]
    return {
        "index": index,
        "quarantine": pd.DataFrame({"reason": ["not_an_image"]}),
        "duplicates": duplicates,
        "splits": splits,
        "measured": pd.DataFrame(dict.fromkeys(["brightness", "contrast", "sharpness"], values)),
    }


def test_the_report_counts_what_there_is(tables):
    report = report_data(**tables)
    assert report["files"] == 6
    assert report["images"] == 5
    assert report["quarantined"] == {"not_an_image": 1}
    assert report["formats"] == {"JPEG": 4, "PNG": 1}
    assert report["grayscale"] == 1
    assert report["imbalance"] == {"largest_class": "cat", "smallest_class": "dog", "ratio": 1.5}
    assert report["classes"] == {
        "cat": {"train": 2, "validation": 0, "test": 1},
        "dog": {"train": 1, "validation": 0, "test": 0, "left_out": 1},
    }


def test_the_report_tells_the_sizes(tables):
    sizes = report_data(**tables)["sizes"]
    assert sizes["height"] == {"smallest": 10, "median": 10, "largest": 30}
    assert sizes["different"] == 3
    assert sizes["most_common"][0] == {"height": 10, "width": 10, "images": 3}


def test_the_report_names_duplicates_and_outliers(tables):
    report = report_data(**tables)
    duplicates = report["duplicates"]
    assert (duplicates["exact_pairs"], duplicates["near_pairs"]) == (1, 1)
    assert (duplicates["clusters"], duplicates["largest_cluster"]) == (1, 3)
    contradicting = duplicates["contradicting_labels"]
    assert contradicting["pairs"] == 1
    assert contradicting["worst"][0]["second_path"] == "dogs/2.jpg"
    assert report["outliers"]["dark"] == {
        "images": 1,
        "worst": [{"path": "dogs/2.jpg", "brightness": 0.01}],
    }
    assert report["leaks"] == {"pairs": 0, "worst": [], "test_pairs": 0}


def test_leaks_across_given_splits_are_in_the_report(tables):
    tables["splits"].loc[1, "split"] = "test"
    leaks = report_data(**tables)["leaks"]
    assert leaks["pairs"] == 1
    assert (leaks["worst"][0]["first_split"], leaks["worst"][0]["second_split"]) == (
        "train",
        "test",
    )


def test_the_report_is_plain_json(tables):
    report = report_data(**tables)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_of_many_pairs_the_most_similar_are_named(tables, monkeypatch):
    monkeypatch.setattr(data_report, "NAMED", 1)
    tables["duplicates"]["second_label"] = "dog"
    named = report_data(**tables)["duplicates"]["contradicting_labels"]
    assert named["pairs"] == 2
    assert [pair["similarity"] for pair in named["worst"]] == [1.0]


def test_left_out_images_are_counted_where_there_are_some(splits):
    assert "left_out" not in count_splits(splits)["cat"]


def test_duplicates_with_other_labels_contradict(tables):
    assert find_contradictions(tables["duplicates"])["second"].tolist() == [4]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_classes_that_a_split_lacks_are_named(split):
    labels = ["ant", "bee", "cat"]
    rows = [(label, name) for name in ("train", "validation", "test") for label in labels]
    splits = pd.DataFrame(rows, columns=["label", "split"])
    assert data_report.describe_absent(splits) == []
    lacking = splits[(splits["split"] != split) | (splits["label"] == "ant")]
    (warning,) = data_report.describe_absent(lacking)
    assert f"There are no {split} pictures of bee, cat: " in warning
    assert f"Add some to the {split} pictures, or leave these out altogether" in warning


def test_of_many_classes_that_a_split_lacks_some_are_named():
    labels = [f"class {number:03}" for number in range(100)]
    splits = pd.DataFrame({"label": labels, "split": "train"})
    for warning in data_report.describe_absent(splits):
        assert "class 019 and 80 more: " in warning
