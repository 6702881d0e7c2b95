import json

import numpy as np
import pytest

from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.serving.answers import tabulate_answers
from onion_pipeline.serving.config import ServingConfig

PROBABILITIES = np.array([[0.5, 0.375, 0.125], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5]])


def make_config(confidence=None, least=None):
    point = {"confidence_threshold": confidence, "set_threshold": least}
    return ServingConfig(["leek", "onion", "shallot"], (8, 10, 3), Rendering(), point)


def answer(errors=("", "", ""), version="7", **thresholds):
    return tabulate_answers(PROBABILITIES, errors, make_config(**thresholds), version)


def test_a_row_names_the_likeliest_class_and_all_probabilities():
    table = answer()
    assert list(table["label"]) == ["leek", "onion", "shallot"]
    assert list(table["confidence"]) == [0.5, 0.75, 0.5]
    names = ["probability_leek", "probability_onion", "probability_shallot"]
    np.testing.assert_array_equal(table[names].to_numpy(float), PROBABILITIES)
    assert set(table["model_version"]) == {"7"}
    assert list(table.columns) == [
        *("label", "confidence", *names),
        *("prediction_set", "abstained", "model_version", "error"),
    ]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (None, [False, False, False]),
        (0.5, [False, False, False]),
        (np.nextafter(0.5, 1), [True, False, True]),
        (0.8, [True, True, True]),
    ],
)
def test_the_model_abstains_below_the_threshold_and_not_at_it(threshold, expected):
    assert list(answer(confidence=threshold)["abstained"]) == expected


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (1.0, [["leek"], ["onion"], ["shallot"]]),
        (0.375, [["leek", "onion"], ["onion"], ["shallot"]]),
        (0.25, [["leek", "onion"], ["onion"], ["shallot", "leek", "onion"]]),
        (0.0, [["leek", "onion", "shallot"], ["onion", "leek", "shallot"]]),
    ],
)
def test_a_prediction_set_holds_the_likeliest_and_what_is_likely_enough(threshold, expected):
    assert list(answer(least=threshold)["prediction_set"])[: len(expected)] == expected


def test_without_a_threshold_for_sets_there_is_no_set():
    assert list(answer()["prediction_set"]) == [None, None, None]


def test_a_broken_picture_has_an_error_and_the_model_abstains():
    table = answer(("", "undecodable: cut", "", "", "empty: nothing"), None, least=0.3)
    broken = table.iloc[[1, 4]]
    assert list(broken["error"]) == ["undecodable: cut", "empty: nothing"]
    assert list(broken["abstained"]) == [True, True]
    assert set(broken.drop(columns=["error", "abstained"]).to_numpy().ravel()) == {None}
    assert list(table["label"]) == ["leek", None, "onion", "shallot", None]
    assert list(table["abstained"]) == [False, True, False, False, True]


def test_a_table_of_nothing_but_broken_pictures_is_one_too():
    table = tabulate_answers(np.empty((0, 3)), ["a: b", "c: d"], make_config(least=0.3), None)
    assert list(table["error"]) == ["a: b", "c: d"]
    assert table["label"].isna().all()


def test_what_is_answered_is_valid_json():
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    records = answer(("", "empty: nothing", "", ""), least=0.3).to_dict("records")
    assert json.loads(json.dumps(records), parse_constant=refuse)[1]["confidence"] is None
