import numpy as np

from onion_pipeline.evaluation.weakest import find_weakest


def test_the_part_that_is_clearly_weaker_is_found():
    kinds = np.arange(400) % 4
    is_right = (kinds != 2) | (np.arange(400) % 8 < 4)
    assert find_weakest([kinds == each for each in range(4)], is_right, 0.05) == 2


def test_what_one_group_explains_is_no_weakness():
    groups = np.arange(400) // 40
    is_right, part = groups != 2, groups < 3
    assert find_weakest([part, ~part], is_right, 0.05) == 0
    assert find_weakest([part, ~part], is_right, 0.05, groups) is None


def test_nothing_to_search_and_nothing_wrong_have_no_weakest_part():
    assert find_weakest([], np.ones(9, bool), 0.05) is None
    part = np.arange(9) < 4
    assert find_weakest([part, ~part], np.ones(9, bool), 0.05) is None
    assert find_weakest([part, ~part], np.ones(9, bool), 0.05, np.arange(9) // 2) is None
