import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.augmentation.randomness import Draws, expand_seed, expand_seeds, get_span

SEEDS = st.integers(0, 2**32 - 1)


def start(seed):
    draws = Draws()
    draws.start(seed)
    return draws, np.random.default_rng(seed)


@given(SEEDS)
def test_a_seed_expands_as_in_numpy(seed):
    words = np.random.SeedSequence(seed).generate_state(4, np.uint64)
    assert list(expand_seed(seed)) == words.tolist()


def test_many_seeds_expand_as_each_of_them():
    seeds = [0, 1, 2**31, 2**32 - 1]
    assert expand_seeds(seeds) == [list(expand_seed(seed)) for seed in seeds]


@given(SEEDS, st.lists(st.integers(1, 2**32 - 1), max_size=9))
def test_bounded_integers_are_those_of_numpy(seed, bounds):
    draws, generator = start(seed)
    stream = draws.get_stream()
    expected = generator.integers(0, np.array(bounds, np.int64))
    assert [stream.draw_below(bound) for bound in bounds] == expected.tolist()


@given(SEEDS, st.integers(0, 9))
def test_doubles_are_those_of_numpy(seed, count):
    draws, generator = start(seed)
    assert draws.get_stream().draw_doubles(count) == generator.random(count).tolist()


@given(SEEDS)
def test_the_order_and_what_follows_are_those_of_numpy(seed):
    draws, generator = start(seed)
    here, there = [0, 1, 2, 3], [0, 1, 2, 3]
    draws.get_stream().shuffle(here)
    generator.shuffle(there)
    assert here == there
    assert draws.get_stream().draw_below(1000) == generator.integers(1000)


@given(SEEDS, st.integers(0, 3))
def test_the_stream_goes_on_where_a_borrower_left_it(seed, drawn):
    draws, generator = start(seed)
    for _ in range(drawn):
        assert draws.get_stream().draw_below(99) == generator.integers(99)
    draws.lend()
    assert draws.generator.integers(0, 2**32 - 1, drawn).tolist() == (
        generator.integers(0, 2**32 - 1, drawn).tolist()
    )
    assert draws.generator.normal() == generator.normal()
    draws.take_back()
    assert draws.get_stream().draw_below(99) == generator.integers(99)
    assert draws.get_stream().draw_doubles(1)[0] == generator.random()


def test_words_that_are_at_hand_start_the_same_stream():
    draws = Draws()
    draws.start(5, expand_seed(7))
    assert draws.get_stream().draw_doubles(2) == np.random.default_rng(7).random(2).tolist()


def test_python_draws_start_anew_with_each_seed():
    draws = Draws()
    draws.start(3)
    draws.python.gauss(0, 1)  # keeps a second number for the next time
    draws.start(4)
    assert draws.python.gauss(0, 1) == random.Random(4).gauss(0, 1)


@pytest.mark.parametrize("limits", [(-0.1, 0.1), (0, 7), (0.3, 0.3)])
def test_a_span_draws_what_uniform_does(limits):
    low, span = get_span(limits)
    assert low + span * random.Random(1).random() == random.Random(1).uniform(*limits)
    assert low + span * np.random.default_rng(1).random() == np.random.default_rng(1).uniform(
        *limits
    )
