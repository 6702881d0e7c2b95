import json

import pandas as pd
import pytest

from onion_pipeline.training.lineage import PARTS, RecordedVersion
from onion_pipeline.training.lineage_comparison import (
    REPRODUCED,
    compare_checksums,
    compare_images,
    compare_version,
    explain_differences,
    explain_other_weights,
)

RECORDED = [
    ("a/1.png", "a", "11" * 8, "train"),
    ("a/2.png", "a", "22" * 8, "train"),
    ("b/1.png", "b", "33" * 8, "test"),
    ("b/2.png", "b", "33" * 8, "test"),
]
NOTHING = {"added": [], "removed": [], "changed": [], "relabelled": [], "renamed": []}


def tabulate(rows):
    return pd.DataFrame(rows, columns=["path", "label", "sha256", "split"])


def make_lineage(**changes):
    contents = {
        "data": {},
        "split": {},
        "parameters": {"train": {"epochs": 6}, "build": {"layers": [{"dense": {"units": 8}}]}},
        "code": {"package": "1a", "commit": "aa", "changes": None},
        "dependencies": {"libraries": {"keras": "3"}, "processors": {"number": 2}},
        "seed": {"seed": 42},
    }
    source = changes.pop("source", "photos")
    parts = {
        part: {"hash": str(changes.get(part, contents[part])), **changes.get(part, contents[part])}
        for part in PARTS
    }
    return {"hash": str(parts), "source": source, **parts}


VERSION = RecordedVersion("models:/onions/3", "5a", make_lineage(), tabulate(RECORDED))


@pytest.mark.parametrize(
    ("row", "changed", "expected"),
    [
        (0, ("a/1.png", "a", "99" * 8, "train"), {"changed": ["a/1.png"]}),
        (0, ("a/1.png", "b", "11" * 8, "train"), {"relabelled": ["a/1.png"]}),
        (0, ("b/9.png", "b", "11" * 8, "train"), {"relabelled": ["b/9.png"]}),
        (0, ("a/9.png", "a", "11" * 8, "train"), {"renamed": ["a/9.png"]}),
        (3, ("c/9.png", "b", "33" * 8, "test"), {"renamed": ["c/9.png"]}),
        (
            0,
            ("a/9.png", "a", "99" * 8, "train"),
            {"added": ["a/9.png"], "removed": ["a/1.png"]},
        ),
        (0, None, {"removed": ["a/1.png"]}),
        (3, None, {"removed": ["b/2.png"]}),
    ],
)
def test_each_image_is_found_by_what_became_of_it(row, changed, expected):
    present = tabulate([*RECORDED[:row], *([changed] if changed else []), *RECORDED[row + 1 :]])
    found = compare_images(tabulate(RECORDED), present)
    assert found == NOTHING | expected


def test_an_image_more_is_added_and_the_same_is_the_same():
    more = tabulate([*RECORDED, ("b/3.png", "b", "33" * 8, "test")])
    assert compare_images(tabulate(RECORDED), more) == NOTHING | {"added": ["b/3.png"]}
    assert compare_images(tabulate(RECORDED), tabulate(RECORDED)) == NOTHING


def test_a_file_that_is_refused_now_has_changed():
    present = tabulate(RECORDED[1:])
    found = compare_images(tabulate(RECORDED), present, ["a/1.png", "notes.txt"])
    assert found == NOTHING | {"changed": ["a/1.png"]}


def compare(rows=RECORDED, refused=(), **changes):
    return compare_version(VERSION, make_lineage(**changes), tabulate(rows), refused)


def test_what_is_the_same_is_unchanged():
    compared = compare()
    assert (compared["status"], compared["found"], compared["notes"]) == ("unchanged", [], [])
    assert compared["differences"] == {}
    assert compared["model"] == "models:/onions/3"
    assert {*compared["recomputed"], *compared["compared"]} == set(PARTS)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"parameters": {"train": {"epochs": 8}, "build": {"layers": ["flatten"]}}},
            "parameters changed: build.layers.0 None -> flatten, "
            "build.layers.0.dense.units 8 -> None, train.epochs 6 -> 8",
        ),
        (
            {"code": {"package": "2b", "commit": "aa", "changes": None}},
            "code changed: package 1a -> 2b",
        ),
        (
            {"dependencies": {"libraries": {"keras": "4"}, "processors": {"number": 4}}},
            "dependencies changed: libraries.keras 3 -> 4, processors.number 2 -> 4",
        ),
        ({"seed": {"seed": 7}}, "seed changed: seed 42 -> 7"),
    ],
)
def test_values_are_named_from_what_to_what(changes, line):
    compared = compare(**changes)
    assert (compared["status"], compared["found"]) == ("differs", [line])
    assert json.loads(json.dumps(compared)) == compared


def test_another_commit_of_the_same_source_is_a_note():
    compared = compare(code={"package": "1a", "commit": "bb", "changes": None})
    assert (compared["status"], compared["differences"]) == ("unchanged", {})
    (note,) = compared["notes"]
    assert note.endswith("commit aa -> bb")


def test_images_are_counted_and_the_first_ones_named():
    rows = [(path, label, "99" * 8, split) for path, label, _, split in RECORDED]
    rows += [(f"c/{number}.png", "c", f"{number:016x}", "train") for number in range(7)]
    compared = compare(rows, data={"other": 1}, split={"other": 1})
    assert compared["found"] == [
        "data changed: 7 added (c/0.png, c/1.png, c/2.png, c/3.png, c/4.png, ...); "
        "4 changed (a/1.png, a/2.png, b/1.png, b/2.png)"
    ]
    assert compared["differences"]["data"]["added"]["images"] == 7


def test_images_in_another_split_are_named():
    rows = [*RECORDED[:3], ("b/2.png", "b", "33" * 8, "validation")]
    assert compare(rows, split={"other": 1})["found"] == ["split changed: 1 moved (b/2.png)"]


def test_long_values_and_many_are_cut():
    groups = {"train": {f"p{number}": "x" * 99 for number in range(9)}}
    (line,) = compare(parameters=groups)["found"]
    assert line.endswith(", and 6 more")
    assert "x" * 41 not in line


def test_the_message_says_what_differs_and_what_to_do():
    same_place = explain_differences(compare(seed={"seed": 7}))
    assert "  - seed changed: seed 42 -> 7\n" in same_place
    assert "verify.retrain=always" in same_place
    assert "photos" not in same_place
    elsewhere = explain_differences(compare(seed={"seed": 7}, source="s3://more"))
    assert "images at photos, and these are at s3://more" in elsewhere


def test_equal_checksums_are_a_reproduction():
    assert compare_checksums(VERSION, "5a", "f")["status"] == REPRODUCED
    other = compare_checksums(VERSION, "5b", "f")
    assert other["status"] == "other weights"
    assert other["checksum"] == {"recorded": "5a", "present": "5b"}
    assert "seed 42 -> 7" in explain_other_weights(other, compare(seed={"seed": 7}))
    assert "nothing that the lineage holds" in explain_other_weights(other, compare())
