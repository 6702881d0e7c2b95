import numpy as np

from onion_pipeline.evaluation.sampling import draw_evenly


def test_every_class_has_as_many_as_the_others_or_all_of_its_own():
    labels = np.array([0] * 90 + [1] * 5 + [2] * 5)
    rows = draw_evenly(labels, 9, seed=0)
    assert np.bincount(labels[rows]).tolist() == [3, 3, 3]
    assert sorted(set(rows)) == rows.tolist()
    assert np.bincount(labels[draw_evenly(labels, 20, 0)]).tolist() == [10, 5, 5]
    assert draw_evenly(labels, 1000, 0).tolist() == [*range(100)]
    assert len(draw_evenly(labels, 0, 0)) == 0


def test_every_class_is_as_often_the_one_that_gets_the_odd_picture():
    labels = np.repeat(["ant", "bee", "cat"], 20)
    odd = [labels[draw_evenly(labels, 1, seed)].item() for seed in range(300)]
    _, counts = np.unique(odd, return_counts=True)
    assert (counts > 70).all()  # 100 on average; below 71 with a probability of 1e-4


def test_which_pictures_are_drawn_depends_on_the_seed_alone():
    labels = np.repeat(["ant", "bee"], 20)
    drawn = [draw_evenly(labels, 10, seed).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
