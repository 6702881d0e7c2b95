"""Stratification: which pictures go to which split, exactly by shares or stably by content."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, product
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
LEFT_OUT = "left_out"

Counts = dict[str, dict[str, int]]  # of each class, how many images for each split


class _Cluster(NamedTuple):
    """Pictures that go to one split: how many of each class, and two numbers of their content."""

    number: int
    sizes: Counter[str]
    order: int
    draw: float


def draw_exactly(pool: DataFrame, shares: Mapping[str, float], seed: int) -> list[str]:
    """Draw whole clusters, so that of each class each split gets its share.

    Args:
        pool: columns ``label``, ``sha256``, ``cluster``.
        shares: of each split; they add up to 1.
        seed: of the draw.

    Returns:
        The split of each row of `pool`. In each class, a split is further from its share than
        the size of the largest cluster only where it would else have no image of the class, or
        where clusters hold several classes.
    """
    clusters = _make_clusters(pool, seed)
    room = _allot(Counter(pool["label"]), shares)
    chosen: dict[int, str] = {}
    # The large ones first, while there is room for them.
    for cluster in sorted(clusters, key=lambda cluster: (-cluster.sizes.total(), cluster.order)):
        split = _draw_split(cluster, room, list(shares))
        chosen[cluster.number] = split
        for label, size in cluster.sizes.items():
            room[label][split] -= size
    _fill_empty(clusters, chosen, list(shares))
    return [chosen[number] for number in pool["cluster"].tolist()]


def draw_stably(
    pool: DataFrame, alike: NDArray[np.int64], shares: Mapping[str, float], seed: int
) -> NDArray[np.str_]:
    """Draw each picture, or group, by a hash of its own.

    Args:
        pool: columns ``sha256``, ``group``.
        alike: int64, (N,), the same for near-duplicates.
        shares: of each split, in the order of :data:`SPLITS`; they add up to 1.
        seed: of the draw.

    Returns:
        The split of each row of `pool`; ``left_out`` for a near-duplicate of a picture that was
        drawn for a later split.
    """
    names = np.array(list(shares))
    bounds = np.cumsum(list(shares.values()))[:-1]
    keys = pool["group"].where(pool["group"].notna(), pool["sha256"])
    rank = np.searchsorted(bounds, [_draw(key, seed) for key in keys], side="right")
    highest = pool.assign(rank=rank).groupby(alike)["rank"].transform("max")
    return np.where(rank == highest, names[rank], LEFT_OUT)


def allot_stratified(sizes: Sequence[int], share: float, most: Sequence[int]) -> NDArray[np.int64]:
    """Return how many images each class gives to a split that wants `share` of all.

    The counts add up to the nearest whole number of ``share * sum(sizes)`` (largest
    remainders first, as in Hamilton's method of apportionment) as far as the bounds allow:
    at least 1 and at most `most` of each class.

    Example:
        >>> allot_stratified([10, 10, 5], share=0.2, most=[8, 8, 3])
        array([2, 2, 1])
    """
    quotas = np.asarray(sizes) * share
    counts = np.clip(np.floor(quotas + 1e-9).astype(np.int64), 1, most)
    open_places = round(float(quotas.sum())) - int(counts.sum())
    by_remainder = np.argsort(counts - quotas, kind="stable")
    with_room = by_remainder[(counts < most)[by_remainder]]
    counts[with_room[: max(0, open_places)]] += 1
    return counts


def _allot(sizes: Mapping[str, int], shares: Mapping[str, float]) -> Counts:
    labels = sorted(sizes)
    left = np.array([sizes[label] for label in labels])
    drawn = [name for name in shares if name != "train"]
    counts = {}
    for number, name in enumerate(drawn):
        # Each split that is still to be drawn, and train, needs one image of every class.
        most = np.maximum(left - (len(drawn) - number), 1)
        counts[name] = allot_stratified([sizes[label] for label in labels], shares[name], most)
        left = left - counts[name]
    counts["train"] = left
    return {
        label: {name: int(counts[name][row]) for name in shares} for row, label in enumerate(labels)
    }


def _make_clusters(pool: DataFrame, seed: int) -> list[_Cluster]:
    contents = pool.groupby("cluster")["sha256"].min()
    sizes: dict[int, Counter[str]] = {number: Counter() for number in contents.index}
    for number, label in zip(pool["cluster"].tolist(), pool["label"].tolist(), strict=True):
        sizes[number][label] += 1
    return [
        _Cluster(number, sizes[number], _hash(content, seed, b"order"), _draw(content, seed))
        for number, content in contents.items()
    ]


def _draw_split(cluster: _Cluster, room: Counts, names: Sequence[str]) -> str:
    """Draw among the splits with the most room for `cluster`, in proportion to their open places.

    Where all are single pictures this is drawing lots without replacement. A split is
    overfilled only if none has room, and then it is the emptiest, so that none ends further
    from its share than by the size of a cluster (of one class).
    """
    fitting = {
        name: sum(min(max(room[label][name], 0), size) for label, size in cluster.sizes.items())
        for name in names
    }
    best = max(fitting.values())
    open_places = {
        name: max(1, sum(room[label][name] for label in cluster.sizes))
        for name in names
        if fitting[name] == best
    }
    target = cluster.draw * sum(open_places.values())
    ends = zip(open_places, accumulate(open_places.values()), strict=True)
    return next((name for name, end in ends if target < end), list(open_places)[-1])


def _fill_empty(clusters: Sequence[_Cluster], chosen: dict[int, str], names: Sequence[str]) -> None:
    """Move the smallest clusters to splits that have no image of a class."""
    filled = {(label, chosen[cluster.number]) for cluster in clusters for label in cluster.sizes}
    pairs = product(sorted({label for label, _ in filled}), names)
    for label, name in [pair for pair in pairs if pair not in filled]:
        of_class = [cluster for cluster in clusters if label in cluster.sizes]
        held = Counter(chosen[cluster.number] for cluster in of_class)
        spare = [cluster for cluster in of_class if held[chosen[cluster.number]] > 1]
        if spare and not held[name]:
            smallest = min(spare, key=lambda cluster: (cluster.sizes.total(), cluster.order))
            chosen[smallest.number] = name


def _hash(content: str, seed: int, purpose: bytes) -> int:
    digest = blake2b(f"{seed}/{content}".encode(), digest_size=8, person=purpose)
    return int.from_bytes(digest.digest())


def _draw(content: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on `content` and `seed` alone."""
    return (_hash(content, seed, b"draw") >> 11) * 2.0**-53
