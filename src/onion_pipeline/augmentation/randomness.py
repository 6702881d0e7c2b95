"""The two streams of random numbers that albumentations draws from, cheap to start anew."""

import random
from collections.abc import Callable, Sequence
from itertools import accumulate, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

Apply = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

WORD = 0xFFFF_FFFF
LONG = 0xFFFF_FFFF_FFFF_FFFF
HUGE = (1 << 128) - 1
MULTIPLIER = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645
DOUBLE = 2.0**-53


def _list_powers(start: int, factor: int, count: int) -> list[int]:
    return list(accumulate(repeat(factor, count), lambda a, b: a * b & WORD, initial=start))


# NumPy's SeedSequence hashes with running constants, first those of A, then those of B.
A = _list_powers(0x43B0_D7E5, 0x931E_8875, 16)
B = _list_powers(0x8B51_F9DD, 0x58F3_8DED, 8)


def _hash(value: Any, before: int, after: int) -> Any:
    value = (value ^ before) * after & WORD
    return value ^ value >> 16


def _mix(left: Any, right: Any) -> Any:
    value = (0xCA01_F9DD * left - 0x4973_F715 * right) & WORD
    return value ^ value >> 16


EMPTY = [_hash(0, A[k], A[k + 1]) for k in (1, 2, 3)]  # what a seed of one word leaves unused


def expand_seed(seed: Any) -> tuple[Any, Any, Any, Any]:
    """Return what ``numpy.random.SeedSequence(seed).generate_state(4, "uint64")`` does.

    Args:
        seed: of 32 bits, or many of them as a uint64 array, for a hundredth of the time each.

    Returns:
        Four integers of 64 bits; four arrays for an array.

    Source: https://github.com/numpy/numpy/blob/main/numpy/random/bit_generator.pyx
    """
    pool = [_hash(seed, A[0], A[1]), *EMPTY]
    step = 4
    for source in range(4):
        for target in range(4):
            if target != source:
                hashed = _hash(pool[source], A[step], A[step + 1])
                pool[target] = _mix(pool[target], hashed)
                step += 1
    words = [_hash(pool[k % 4], B[k], B[k + 1]) for k in range(8)]
    return tuple(low | high << 32 for low, high in zip(words[::2], words[1::2], strict=True))


class Stream:
    """The numbers of ``numpy.random.default_rng(seed)``, one at a time.

    Starting NumPy's own takes 20 µs, and each of its draws of an array 2 to 15.

    Source: https://github.com/numpy/numpy/tree/main/numpy/random/src (PCG64, XSL-RR)
    """

    __slots__ = ("increment", "spare", "state")

    def start(self, words: Sequence[int]) -> None:
        """Begin the stream of a seed, given what :func:`expand_seed` makes of it."""
        high, low, high_increment, low_increment = words
        self.increment = increment = ((high_increment << 64 | low_increment) << 1 | 1) & HUGE
        self.state = ((increment + (high << 64 | low)) * MULTIPLIER + increment) & HUGE
        self.spare: int | None = None

    def draw_long(self) -> int:
        """Return 64 bits."""
        self.state = state = (self.state * MULTIPLIER + self.increment) & HUGE
        value = (state >> 64 ^ state) & LONG
        turn = state >> 122
        return (value >> turn | value << 64 - turn) & LONG

    def draw_word(self) -> int:
        """Return 32 bits: one half of a draw of 64, the other half is for the next time."""
        spare = self.spare
        if spare is not None:
            self.spare = None
            return spare
        value = self.draw_long()
        self.spare = value >> 32
        return value & WORD

    def draw_doubles(self, count: int) -> list[float]:
        """Return `count` numbers in [0, 1)."""
        state, increment, doubles = self.state, self.increment, []
        for _ in range(count):  # draw_long() spelled out: a call takes as long as its sum
            state = (state * MULTIPLIER + increment) & HUGE
            value = (state >> 64 ^ state) & LONG
            turn = state >> 122
            doubles.append((((value >> turn | value << 64 - turn) & LONG) >> 11) * DOUBLE)
        self.state = state
        return doubles

    def draw_below(self, bound: int) -> int:
        """Return one of 0 ... `bound` - 1, as ``Generator.integers(bound)`` does."""
        if bound == 1:
            return 0
        product = self.draw_word() * bound
        if product & WORD < bound:
            threshold = (1 << 32) % bound
            while product & WORD < threshold:
                product = self.draw_word() * bound
        return product >> 32

    def shuffle(self, values: list[int]) -> None:
        """Shuffle `values` in place, as ``Generator.shuffle`` does."""
        draw_word = self.draw_word
        for k in range(len(values) - 1, 0, -1):
            mask = (1 << k.bit_length()) - 1
            other = draw_word() & mask
            while other > k:
                other = draw_word() & mask
            values[k], values[other] = values[other], values[k]


class Draws:
    """A Python and a NumPy stream with one seed, as albumentations shares them among transforms.

    The NumPy stream starts when it is first asked for. Transforms of albumentations itself
    draw from `python` and `generator`, between :meth:`lend` and :meth:`take_back`.
    """

    def __init__(self) -> None:
        self.python = random.Random()
        self.generator = np.random.default_rng(0)
        self.random = self.python.random
        self._seed_python = super(random.Random, self.python).seed
        self._stream = Stream()
        self._seed: int | None = 0
        self._words: Sequence[int] | None = None

    def start(self, seed: int, words: Sequence[int] | None = None) -> None:
        """Seed both streams with 32 bits; `words` is ``expand_seed(seed)`` if at hand."""
        self._seed_python(seed)
        self.python.gauss_next = None  # type: ignore[attr-defined]
        self._seed, self._words = seed, words

    def get_stream(self) -> Stream:
        """Return the NumPy stream."""
        if self._seed is not None:
            self._stream.start(self._words or expand_seed(self._seed))
            self._seed = None
        return self._stream

    def lend(self) -> None:
        """Bring `generator` to where the NumPy stream is."""
        stream = self.get_stream()
        self.generator.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": stream.state, "inc": stream.increment},
            "has_uint32": int(stream.spare is not None),
            "uinteger": stream.spare or 0,
        }

    def take_back(self) -> None:
        """Bring the NumPy stream to where `generator` is."""
        state: Any = self.generator.bit_generator.state
        self._stream.state = state["state"]["state"]
        self._stream.spare = state["uinteger"] if state["has_uint32"] else None


def get_span(limits: tuple[float, float]) -> tuple[float, float]:
    """Return (low, span): ``uniform(*limits)`` is ``low + span * random()`` in both streams."""
    low, high = limits
    return low, high - low


def expand_seeds(seeds: Sequence[int]) -> list[Sequence[int]]:
    """Return :func:`expand_seed` of many seeds."""
    words: NDArray[np.uint64] = np.stack(expand_seed(np.array(seeds, np.uint64)), axis=1)
    return words.tolist()
