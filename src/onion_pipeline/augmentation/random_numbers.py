"""Random numbers of variants, each a hash: of the picture, the variant's number, a seed, a counter.

So a variant has its numbers wherever and beside whichever others it is made, and those of many
variants are made at once.

Source: SplitMix64, of Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
OOPSLA 2014.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DIGEST = hashlib.blake2b(digest_size=8, salt=b"variant")
HASHED_BYTES = 1024
STEP = 0x9E37_79B9_7F4A_7C15
DOUBLE = 2.0**-53


def hash_variants(images: NDArray[np.uint8], copies: ArrayLike, seed: int) -> NDArray[np.uint64]:
    """Return a key, uint64, for the numbers of variant ``copies[n]`` of ``images[n]``, for all n.

    Up to 1,024 bytes, evenly spaced, tell pictures apart: a variant stays the same when other
    images come or go. Two pictures that agree in all of these bytes may share their draws.

    Args:
        images: uint8, (N, H, W, C).
        copies: N numbers of variants.
        seed: of the draws.
    """
    flat = images.reshape(len(images), -1)
    taken = np.ascontiguousarray(flat[:, :: 1 + flat.shape[1] // HASHED_BYTES])
    pictures = np.frombuffer(b"".join(map(_digest, taken)), "<u8")
    start = _mix(np.array([seed % 2**64], np.uint64))
    return _mix(pictures ^ _mix(start + np.asarray(copies, np.uint64) * STEP))


def draw_numbers(keys: NDArray[np.uint64], counters: ArrayLike) -> NDArray[np.float64]:
    """Return the numbers in [0, 1), float64 (M, N), that N keys have at M whole `counters`."""
    steps = np.asarray(counters, np.uint64)[:, None] * STEP
    numbers: NDArray[np.float64] = (_mix(keys + steps) >> 11) * DOUBLE
    return numbers


def _digest(row: NDArray[np.uint8]) -> bytes:
    digest = DIGEST.copy()
    digest.update(row)  # type: ignore[arg-type]
    return digest.digest()


def _mix(values: Any) -> Any:
    values = (values ^ values >> 30) * 0xBF58_476D_1CE4_E5B9
    values = (values ^ values >> 27) * 0x94D0_49BB_1331_11EB
    return values ^ values >> 31
