import numpy as np
import pytest
from scipy import stats

from onion_pipeline.augmentation.random_numbers import draw_numbers, hash_variants


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (200, 6, 5, 3), dtype=np.uint8)


def test_numbers_are_spread_evenly_and_do_not_go_together(images):
    numbers = draw_numbers(hash_variants(images, 1, 0), np.arange(50))
    assert (numbers.shape, numbers.dtype) == ((50, 200), np.float64)
    assert 0 <= numbers.min() < numbers.max() < 1
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 0.01
    between_counters = np.corrcoef(numbers)[np.triu_indices(50, 1)]
    between_keys = np.corrcoef(numbers.T)[np.triu_indices(200, 1)]
    assert abs(between_counters).max() < 5 / np.sqrt(200)
    assert abs(between_keys).max() < 5 / np.sqrt(50)


def test_numbers_of_a_counter_are_the_same_wherever_they_are_drawn(images):
    keys = hash_variants(images, 1, 0)
    many = draw_numbers(keys, np.arange(9))
    np.testing.assert_array_equal(draw_numbers(keys[3:5], [7, 2]), many[[7, 2], 3:5])


def test_keys_are_those_of_pictures_numbers_and_seeds(images):
    keys = hash_variants(images, np.arange(200), 7)
    np.testing.assert_array_equal(hash_variants(images[40:50], np.arange(40, 50), 7), keys[40:50])
    one = images[:1]
    seen = {int(hash_variants(one, copy, seed)[0]) for copy in range(20) for seed in range(20)}
    seen |= {int(key) for key in hash_variants(images[1:], 1, 0)}
    assert len(seen) == 400 + 199


def test_keys_tell_large_pictures_apart_by_bytes_from_all_over():
    large = np.zeros((2, 200, 200, 3), np.uint8)
    large[1, 120:130] = 1
    assert len(set(hash_variants(large, 1, 0).tolist())) == 2


def test_any_whole_number_is_a_seed(images):
    keys = [hash_variants(images[:1], 1, seed)[0] for seed in (-1, 0, 2**70 + 3)]
    assert len(set(keys)) == 3
