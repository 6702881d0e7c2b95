import numpy as np
import pytest
from sklearn.metrics import f1_score

from onion_pipeline.evaluation.macro_f1 import macro_f1_interval


@pytest.mark.parametrize("classes", [2, 10, 100, 1000])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.52, 0.9, 1.0])
def test_the_interval_always_holds_its_value(classes, share):
    for seed in range(5):
        generator = np.random.default_rng(seed)
        truth, other = generator.integers(0, classes, (2, 240))
        predicted = np.where(generator.random(240) < share, truth, other)
        value = f1_score(
            truth, predicted, average="macro", labels=np.unique(truth), zero_division=0
        )
        low, high = macro_f1_interval(truth, predicted, classes, 0.95)
        assert low <= value + 1e-12
        assert value - 1e-12 <= high
        assert low < high


def test_without_a_mistake_it_is_not_certain_and_more_pictures_make_it_surer():
    few, many = (
        macro_f1_interval(np.arange(n) % 10, np.arange(n) % 10, 10, 0.95) for n in (100, 10_000)
    )
    assert 0.9 < few[0] < many[0] < 1
    assert few[1] == many[1] == 1


def test_groups_widen_it_and_pictures_that_are_apart_do_not():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 5, 600)
    groups = np.arange(600) // 20
    predicted = np.where((groups % 4 > 0) | (generator.random(600) < 0.5), truth, (truth + 1) % 5)
    (low, high), (lower, higher) = (
        macro_f1_interval(truth, predicted, 5, 0.95, each) for each in (None, groups)
    )
    assert lower < low < high < higher
