import numpy as np
import pandas as pd
import pytest

from onion_pipeline.evaluation import baselines
from onion_pipeline.evaluation.baselines import (
    compare_with_baselines,
    find_best_constant,
    list_unbeaten,
    predict_by_pixels,
)
from onion_pipeline.evaluation.intervals import wilson_interval
from onion_pipeline.evaluation.significance import mcnemar_test

NAMES = ["a", "b", "c"]


def draw_shades(count, seed=0, side=8):
    """Pictures whose class is how bright their upper half is."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    images = generator.integers(0, 60, (count, side, side, 1), dtype=np.uint8)
    images[:, : side // 2] += (labels * 70).astype(np.uint8)[:, None, None, None]
    return images, labels


class WatchedImages:
    """Pictures that note how many of them are read at once."""

    def __init__(self, images):
        self.images, self.shape, self.sizes = images, images.shape, []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        self.sizes.append(len(rows))
        return self.images[rows]


@pytest.mark.parametrize("side", [8, 33, 50])
def test_pixels_tell_what_single_pixels_can_tell(side):
    images, labels = draw_shades(60, seed=1, side=side)
    found = predict_by_pixels(draw_shades(200, side=side), images, seed=0)
    assert (found == labels).mean() > 0.9


def test_large_data_are_drawn_from_and_the_same_each_time(monkeypatch):
    monkeypatch.setattr(baselines, "MOST_IMAGES", 50)
    train, (images, _) = draw_shades(200), draw_shades(40, seed=1)
    first, again, other = (predict_by_pixels(train, images, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == other.shape == (40,)


def test_large_pictures_are_read_in_parts_and_give_the_same(monkeypatch):
    train, (images, _) = draw_shades(60, side=20), draw_shades(30, seed=1, side=20)
    whole = predict_by_pixels(train, images, seed=0)
    monkeypatch.setattr(baselines, "CHUNK_BYTES", 7 * 20 * 20)
    watched = WatchedImages(images)
    np.testing.assert_array_equal(predict_by_pixels(train, watched, seed=0), whole)
    assert sum(watched.sizes) == 30
    assert max(watched.sizes) <= 7


@pytest.fixture
def table():
    truth = np.array(["a"] * 30 + ["b"] * 20 + ["c"] * 10)
    network = np.where(np.arange(60) < 6, "c", truth)
    predictions = pd.DataFrame({"path": range(60), "label": truth, "predicted": network})
    by_pixels = np.where(np.arange(60) < 52, truth, "a")
    answers = predictions.assign(majority_class="a", logistic_regression=by_pixels)
    return compare_with_baselines(predictions, answers, NAMES, 0.95)


def test_the_network_stands_first_and_each_has_its_interval(table):
    assert table["model"].tolist() == ["network", "majority_class", "logistic_regression"]
    np.testing.assert_allclose(table["accuracy"], [54 / 60, 30 / 60, 52 / 60])
    low, high = wilson_interval(54, 60, 0.95)
    assert table.iloc[0][["accuracy_low", "accuracy_high"]].tolist() == [low, high]


def test_the_p_value_is_of_the_same_images(table):
    assert table["p_value"].iloc[1] == pytest.approx(mcnemar_test(30, 6))
    assert table["p_value"].iloc[2] == pytest.approx(mcnemar_test(8, 6))


def test_a_baseline_that_may_be_as_good_is_named(table):
    assert list_unbeaten(table) == ["logistic_regression"]
    assert list_unbeaten(table, significance=1.0) == []


def test_the_best_constant_answer_is_that_of_the_test():
    assert find_best_constant(np.array([1, 1, 2]), usual=0, classes=3) == 1
    assert find_best_constant(np.array([1, 2]), usual=2, classes=3) == 2
