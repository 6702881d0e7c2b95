from itertools import product
from math import comb

import numpy as np
import pytest
from mlxtend.evaluate import mcnemar
from sklearn.metrics import f1_score

from onion_pipeline.evaluation import intervals, significance
from onion_pipeline.evaluation.significance import (
    bound_difference,
    compare_accuracy,
    compare_macro_f1,
    count_fewest_images,
    count_needed_images,
    find_noticeable_difference,
    is_clearly_better,
    mcnemar_test,
)

CLASSES = 5


def draw_answers(seed, images=300, first=0.8, second=0.7):
    """Truth and the answers of two classifiers that are right with these probabilities."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, CLASSES, images)
    answers = [
        np.where(generator.random(images) < share, truth, generator.integers(0, CLASSES, images))
        for share in (first, second)
    ]
    return truth, *answers


@pytest.mark.parametrize(
    ("only_first", "only_second", "published"),
    [
        # Fagerland, Lydersen and Laake 2013, table 1: airway hyper-responsiveness (Bentur et al.).
        (1, 7, 0.0703),
        # The tables of mlxtend's user guide, after Raschka.
        (25, 15, 0.1539),
        (11, 1, 0.0063),
        (0, 0, 1.0),
    ],
)
def test_mcnemars_exact_test_gives_published_values(only_first, only_second, published):
    assert mcnemar_test(only_first, only_second) == pytest.approx(published, abs=5e-5)
    assert mcnemar_test(only_second, only_first) == mcnemar_test(only_first, only_second)


@pytest.mark.parametrize(("only_first", "only_second"), [*product((0, 1, 8, 200), (1, 5, 180))])
def test_mcnemars_exact_test_is_that_of_mlxtend_and_of_its_definition(only_first, only_second):
    trials, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(trials, k) for k in range(fewer + 1)) / 2**trials
    found = mcnemar_test(only_first, only_second)
    assert found == pytest.approx(min(1.0, 2 * tail))
    table = np.array([[10, only_first], [only_second, 3]])
    assert found == pytest.approx(min(1.0, mcnemar(table, exact=True)[1]))


@pytest.mark.parametrize("level", [0.5, 0.1, 0.05, 0.01, 1e-6])
def test_fewer_images_than_the_fewest_cannot_be_significant(level):
    fewest = count_fewest_images(level)
    assert mcnemar_test(fewest, 0) <= level < mcnemar_test(fewest - 1, 0)


def test_accuracies_are_compared():
    truth, first, second = draw_answers(0, first=0.9)
    found = compare_accuracy(truth, first, second)
    assert found.first == (truth == first).mean()
    assert found.second == (truth == second).mean()
    assert found.first > found.second
    assert found.p_value == compare_accuracy(truth, second, first).p_value < 0.05


def test_the_macro_f1_is_that_of_scikit_learn():
    truth, first, second = draw_answers(0)
    truth[truth == 4] = 3  # a class of which there is no image
    second[second == 4] = 2  # ... and which the second never names
    found = compare_macro_f1(truth, first, second, CLASSES)
    for answers, value in ((first, found.first), (second, found.second)):
        expected = f1_score(truth, answers, labels=np.unique(truth), average="macro")
        assert value == pytest.approx(expected)


def test_each_draw_of_the_bootstrap_is_one_of_images(monkeypatch):
    """Against images drawn one by one: the shares of draws on either side agree."""
    truth, first, second = draw_answers(3, images=80, first=0.75, second=0.7)
    found = compare_macro_f1(truth, first, second, CLASSES)
    monkeypatch.setattr(significance, "DRAWS", 1)
    generator, differences = np.random.default_rng(1), []
    for _ in range(2000):
        rows = generator.integers(0, len(truth), len(truth))
        drawn = compare_macro_f1(truth[rows], first[rows], second[rows], CLASSES)
        differences.append(drawn.first - drawn.second)
    share = min(np.mean(np.less_equal(differences, 0)), np.mean(np.greater_equal(differences, 0)))
    assert share > 0.05
    four_errors = 4 * (share * (1 - share) / len(differences)) ** 0.5
    assert found.p_value == pytest.approx(2 * share, abs=2 * four_errors)


def test_the_bootstrap_is_seeded_and_does_not_depend_on_memory(monkeypatch):
    answers = draw_answers(3, first=0.75, second=0.72)
    found = compare_macro_f1(*answers, CLASSES)
    assert compare_macro_f1(*answers, CLASSES) == found
    assert compare_macro_f1(*answers, CLASSES, seed=1) != found
    monkeypatch.setattr(intervals, "CHUNK", 1000)
    assert compare_macro_f1(*answers, CLASSES) == found


def test_equal_answers_differ_by_nothing_and_unlike_ones_beyond_chance():
    truth, first, second = draw_answers(4, first=0.95, second=0.5)
    assert compare_macro_f1(truth, first, first, CLASSES).p_value == 1
    found = compare_macro_f1(truth, first, second, CLASSES)
    assert found.first > found.second
    assert found.p_value == pytest.approx(2 / (significance.DRAWS + 1))


@pytest.mark.parametrize("compare", [compare_accuracy, compare_macro_f1])
def test_equal_classifiers_are_seldom_found_to_differ(compare, monkeypatch):
    """By chance alone in about 5 % of cases; in 15 % of 200 with a probability below 1e-6."""
    monkeypatch.setattr(significance, "DRAWS", 199)
    more = (CLASSES,) if compare is compare_macro_f1 else ()
    values = [compare(*draw_answers(seed, 150, 0.8, 0.8), *more).p_value for seed in range(200)]
    assert np.mean(np.less_equal(values, 0.05)) < 0.15


def test_the_bound_of_a_difference_is_below_it_and_rises_with_the_images():
    bounds = [bound_difference(3, 3, images, 0.05) for images in (100, 750, 10_000)]
    assert bounds == sorted(bounds)
    assert bounds[-1] < 0
    assert bound_difference(20, 3, 750, 0.05) > 0
    assert bound_difference(0, 0, 750, 0.05) < 0  # to agree once is not to agree always


def test_what_can_be_noticed_falls_with_the_images_and_is_what_they_are_needed_for():
    found = [find_noticeable_difference(images, 0.08, 0.05) for images in (6, 100, 372, 10_000)]
    assert found == sorted(found, reverse=True)
    assert count_needed_images(found[2], 0.08, 0.05) == pytest.approx(372)
    assert find_noticeable_difference(3, 0.08, 0.05) == 1


def test_the_bound_of_macro_f1_is_that_share_of_its_draws():
    truth, first, second = np.random.default_rng(0).integers(0, CLASSES, (3, 200))
    low, middle = (
        compare_macro_f1(truth, first, second, CLASSES, level=level).lowest for level in (0.05, 0.5)
    )
    found = compare_macro_f1(truth, first, second, CLASSES)
    assert low == found.lowest < middle
    assert middle == pytest.approx(found.first - found.second, abs=0.02)


def answer(*right):
    """Return the probabilities of two classes for images of the first class."""
    return np.array([[share, 1 - share] for share in right], np.float32)


@pytest.mark.parametrize(
    ("before", "after", "better"),
    [
        ([0.6] * 9, [0.6] * 9, False),
        ([0.6] * 9, [0.7] * 9, True),
        ([0.6] * 9, [0.5] * 9, False),
        ([0.6] * 9, [0.6] * 8 + [0.9], False),  # one image alone says nothing
        ([0.6] * 9, [0.8] * 8 + [0.5], True),
        ([0.6] * 8 + [0.0], [0.9] * 8 + [0.0], True),
        ([0.6], [0.9], False),
    ],
)
def test_a_log_loss_has_to_fall_by_more_than_chance_may_make_it(before, after, better):
    labels = np.zeros(len(before), np.int64)
    assert is_clearly_better(labels, answer(*before), answer(*after)) is better
