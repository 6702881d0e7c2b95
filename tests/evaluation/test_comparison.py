import json

import numpy as np
import pytest
from mlxtend.evaluate import mcnemar_table
from sklearn.metrics import accuracy_score, f1_score, recall_score

from onion_pipeline.evaluation.comparison import compare_answers, compare_with_majority
from onion_pipeline.evaluation.significance import mcnemar_test

NAMES = ["ant", "bee", "cat", "dog"]


@pytest.fixture
def answers():
    """The truth of 200 images, of which none is a dog, and what both classifiers name."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 200)
    named = [
        np.where(generator.random(200) < share, truth, generator.integers(0, 4, 200))
        for share in (0.9, 0.6)
    ]
    return truth, *named


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_a_comparison_holds_both_figures_and_is_plain(answers, metric):
    truth, challenger, champion = answers
    found = compare_answers(*answers, NAMES, metric, level=0.05)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for role, named in (("challenger", challenger), ("champion", champion)):
        f1 = f1_score(truth, named, labels=np.unique(truth), average="macro")
        expected = accuracy_score(truth, named) if metric == "accuracy" else f1
        assert found[role] == pytest.approx(expected)
    assert found["difference"] == found["challenger"] - found["champion"] > 0
    assert found["p_value"] < 0.001
    assert (found["metric"], found["images"]) == (metric, 200)


def test_the_p_value_is_that_of_the_table(answers):
    found = compare_answers(*answers, NAMES, "accuracy", level=0.05)
    table = found["agreement"]
    assert found["p_value"] == mcnemar_test(table["only_challenger"], table["only_champion"])
    expected = mcnemar_table(*answers)
    assert list(table.values()) == expected.ravel().tolist()


def test_each_class_has_its_recalls_but_one_without_images(answers):
    truth, *named = answers
    *rows, dogs = compare_answers(*answers, NAMES, "accuracy", level=0.05)["classes"]
    assert [row["class"] for row in rows] == NAMES[:3]
    assert [row["images"] for row in rows] == np.bincount(truth).tolist()
    for role, ids in zip(("challenger", "champion"), named, strict=True):
        expected = recall_score(truth, ids, labels=range(3), average=None)
        np.testing.assert_allclose([row[role] for row in rows], expected)
    assert dogs == {
        "class": "dog",
        "images": 0,
        "challenger": None,
        "champion": None,
        "p_value": 1.0,
    }


def test_a_classifier_is_compared_with_the_best_constant_answer_on_the_test(answers):
    truth, challenger, _ = answers
    best = int(np.bincount(truth).argmax())
    found = compare_with_majority(truth, challenger, NAMES, "dog")  # of which there is none
    table = (truth == challenger) != (truth == best)
    only_constant = int((table & (truth == best)).sum())
    assert found == {
        "class": NAMES[best],
        "images": 200,
        "accuracy": accuracy_score(truth, challenger),
        "majority_accuracy": (truth == best).mean(),
        "p_value": mcnemar_test(int(table.sum()) - only_constant, only_constant),
    }


def test_of_equally_frequent_classes_the_majority_of_training_is_the_constant_answer():
    truth = np.repeat([0, 1, 2], 10)
    assert compare_with_majority(truth, truth, NAMES, "cat")["class"] == "cat"


def test_guesses_show_no_skill_though_the_majority_of_training_is_not_tested():
    generator = np.random.default_rng(0)
    promoted = 0
    for _ in range(200):
        truth, guessed = generator.integers(0, 3, (2, 372))
        found = compare_with_majority(truth, guessed, NAMES, "dog")
        better = found["accuracy"] > found["majority_accuracy"]
        promoted += better and found["p_value"] <= 0.05
    assert promoted <= 5  # at most 2.5 % of 200, were the two equally good


@pytest.mark.parametrize(("lost", "chance"), [(1, 1 / 2), (4, 1 / 16), (5, 1 / 32)])
def test_few_lost_images_may_be_chance_and_many_may_not(lost, chance):
    champion = np.repeat([0, 1], 10)
    challenger = np.where(np.arange(20) < lost, 1, champion)
    found = compare_answers(champion, challenger, champion, NAMES[:2], "accuracy", level=0.05)
    ants, bees = found["classes"]
    assert (ants["challenger"], ants["champion"]) == (1 - lost / 10, 1)
    assert (bees["challenger"], bees["champion"]) == (1, 1)
    assert (ants["p_value"], bees["p_value"]) == pytest.approx((chance, 1))
