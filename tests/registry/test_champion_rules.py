import pytest

from onion_pipeline.errors import RegistryError
from onion_pipeline.registry.champion_rules import (
    Decision,
    force,
    judge_baseline,
    judge_classes,
    judge_comparison,
    judge_first,
    judge_loading,
)

BASELINE = {"class": "cat", "images": 40, "accuracy": 0.9, "majority_accuracy": 0.5}
CLASS = {"class": "cat", "images": 400, "challenger": 0.98, "champion": 0.98, "p_value": 1.0}
LOST = {"class": "dog", "images": 40, "challenger": 0.7, "champion": 0.9, "p_value": 0.01}
COMPARISON = {
    "challenger": 0.981,
    "champion": 0.979,
    "difference": 0.002,
    "p_value": 0.61,
    "lowest_difference": -0.003,
    "images": 750,
    "left_out": {"seen": 3, "unreadable": 0},
    "multiply_adds": {"challenger": 2_000_000, "champion": 2_000_000},
    "classes": [CLASS],
}
CHEAP = {"challenger": 1_000_000, "champion": 2_000_000}
BETTER = {"challenger": 0.99, "difference": 0.011, "p_value": 0.04}


@pytest.fixture
def rules(base_parameters):
    values = {"significance": 0.05, "tolerance": 0.005, "max_class_drop": 0.1}
    return base_parameters.register_.model_copy(update=values)


@pytest.mark.parametrize(
    ("changes", "decision", "rule"),
    [
        ({}, "challenger", "not_better"),
        (BETTER, "champion", "better"),
        (BETTER | {"p_value": 0.05}, "champion", "better"),
        (BETTER | {"p_value": 0.051}, "challenger", "not_better"),
        (BETTER | {"difference": -0.011}, "challenger", "worse"),
        ({"multiply_adds": CHEAP}, "champion", "cheaper"),
        ({"multiply_adds": {**CHEAP, "champion": None}}, "challenger", "not_better"),
        ({"multiply_adds": {**CHEAP, "challenger": None}}, "challenger", "not_better"),
        ({"multiply_adds": CHEAP, "lowest_difference": -0.005}, "champion", "cheaper"),
        # It looks as good, and the test is too small to show it.
        ({"multiply_adds": CHEAP, "lowest_difference": -0.0051}, "challenger", "not_better"),
        ({"multiply_adds": CHEAP, "difference": -0.005, "p_value": 0.01}, "challenger", "worse"),
        (BETTER | {"images": 6}, "champion", "better"),
        (BETTER | {"images": 5}, "challenger", "too_few_images"),
    ],
)
def test_a_comparison_is_decided_by_the_rules(rules, changes, decision, rule):
    found = judge_comparison({**COMPARISON, **changes}, "3", rules)
    assert (found.decision, found.rule) == (decision, rule)
    assert "version 3" in found.reason


def test_without_tolerance_cheaper_is_not_enough(rules):
    strict = rules.model_copy(update={"tolerance": 0.0})
    found = judge_comparison({**COMPARISON, "multiply_adds": CHEAP}, "3", strict)
    assert found.rule == "not_better"


@pytest.mark.parametrize("changes", [BETTER, {"multiply_adds": CHEAP}])
@pytest.mark.parametrize(
    ("lost", "is_refused"),
    [
        (LOST, True),
        (LOST | {"p_value": 0.06}, False),  # it may be chance
        (LOST | {"challenger": 0.81}, False),  # it is allowed
        (LOST | {"challenger": None, "champion": None, "images": 0}, False),
    ],
)
def test_no_class_may_lose_too_much(rules, changes, lost, is_refused):
    comparison = {**COMPARISON, **changes, "classes": [CLASS, lost]}
    found = judge_comparison(comparison, "3", rules)
    assert (found.rule == "class_drop") is is_refused
    assert (found.decision == "challenger") is is_refused
    if is_refused:
        assert "class dog loses more than register.max_class_drop (recall 0.700" in found.reason


def test_a_class_that_loses_adds_nothing_to_a_network_that_is_not_better(rules):
    found = judge_comparison({**COMPARISON, "classes": [LOST]}, "3", rules)
    assert found.rule == "not_better"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "not better than version 3 (0.981 against 0.979 on 750 images, p = 0.61)"),
        (
            BETTER | {"p_value": 1e-9},
            "better than version 3 (0.990 against 0.979 on 750 images, p < 0.001)",
        ),
        (
            {"multiply_adds": CHEAP},
            "not worse than version 3 (0.981 against 0.979 on 750 images, p = 0.61) by more than "
            "0.005, and cheaper (1,000,000 multiply-adds against 2,000,000)",
        ),
        (
            {"noticeable_difference": 0.0289},
            "not better than version 3 (0.981 against 0.979 on 750 images, p = 0.61); a difference "
            "of 0.029 would be seen in 80 of 100 such tests",
        ),
        (
            {"multiply_adds": CHEAP, "lowest_difference": -0.0124},
            "cheaper (1,000,000 multiply-adds against 2,000,000), but not better than version 3 "
            "(0.981 against 0.979 on 750 images, p = 0.61), and it may be worse by 0.012, more "
            "than register.tolerance",
        ),
        (
            {"images": 2, "left_out": {"seen": 740, "unreadable": 8}},
            "2 test images are left to compare it with version 3, and a difference cannot be seen "
            "on less than 6: 740 were seen by that in training, 8 are no longer to be read (by the "
            "same --params images=...?)",
        ),
    ],
)
def test_the_reason_is_one_sentence_with_the_figures(rules, changes, reason):
    assert judge_comparison({**COMPARISON, **changes}, "3", rules).reason == reason


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"p_value": 0.001}, None),
        ({"p_value": 0.05}, None),
        ({"p_value": 0.06}, "not shown to be better than"),
        ({"p_value": 0.001, "accuracy": 0.4}, "not better than"),
    ],
)
def test_a_network_must_be_better_than_naming_one_class(changes, said):
    baseline = {**BASELINE, **changes}
    found = judge_baseline(baseline, significance=0.05)
    assert (found is None) is (said is None)
    if found:
        assert (found.decision, found.rule) == ("challenger", "no_skill")
        wanted = f"{said} always naming cat, the most frequent class of the test (0."
        assert found.reason.startswith(wanted)
    first = judge_first(baseline)
    assert (first.decision, first.rule) == ("champion", "first")


@pytest.mark.parametrize(
    ("challenger", "champion", "said"),
    [
        (["a", "b"], ["b", "a"], None),
        (["a", "b", "c"], ["a", "b"], "(new c)"),
        (["a"], ["a", "c", "b"], "(gone b, c)"),
        (["a", "c"], ["a", "b"], "(new c; gone b)"),
    ],
)
def test_only_models_of_the_same_classes_are_compared(challenger, champion, said):
    found = judge_classes(challenger, champion, "3")
    assert (found is None) is (said is None)
    if found:
        assert said in found.reason
        assert (found.decision, found.rule) == ("challenger", "other_classes")


def test_where_nothing_can_be_compared_the_reason_says_what_to_type():
    decision = judge_loading(RegistryError("it is gone"), "3")
    assert decision.decision == "challenger"
    assert "version 3" in decision.reason
    assert "kedro run --pipelines promote --params promote.version=" in decision.reason


def test_what_a_person_decides_keeps_what_the_gate_says():
    gate = Decision("challenger", "worse", "worse than version 3", comparison=COMPARISON)
    forced = force(gate, "champion")
    assert (forced.decision, forced.rule, forced.asked) == ("champion", "forced", "champion")
    assert forced.reason.endswith("the gate says challenger: worse than version 3")
    assert forced.comparison == COMPARISON
