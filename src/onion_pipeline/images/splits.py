"""Which images train the network, which choose among its epochs and which test it."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Series
from onion_pipeline.errors import DataError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def split_images(files: DataFrame, fractions: Mapping[str, float], seed: int) -> DataFrame:
    """Return `files` with the split of each, stratified by label.

    Images that lie in folders named ``train``, ``validation`` or ``test`` stay there; splits
    that are missing are drawn from those for training. Each split gets its share of the
    whole to the nearest image, and at least one image of every class.

    Args:
        files: columns ``path``, ``label`` and ``split`` (missing where none is given).
        fractions: share of each split; they add up to 1.
        seed: of the draw.

    Returns:
        Columns ``path``, ``label``, ``split``; one row per row of `files`, in their order.

    Raises:
        DataError: fewer than two classes, or a class with fewer images than splits.
    """
    import pandas as pd

    splits = files["split"].fillna("train").to_numpy(dtype=object)
    missing = [name for name in SPLITS[1:] if name not in set(splits)]
    pools = _pool_by_class(files["label"], splits)
    _check_classes(pools, 1 + len(missing))
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(pool) for pool in pools.values()]
    whole = sum(fractions[name] for name in ("train", *missing))
    sizes = [len(order) for order in orders]
    for later, name in zip(range(len(missing), 0, -1), missing, strict=True):
        # Each split that is still to be drawn, and train, needs one image of every class.
        most = [len(order) - later for order in orders]
        counts = allot_stratified(sizes, fractions[name] / whole, most)
        for number, count in enumerate(counts):
            splits[orders[number][:count]] = name
            orders[number] = orders[number][count:]
    return pd.DataFrame({"path": files["path"], "label": files["label"], "split": splits}).astype(
        {"split": "str"}
    )


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


def _pool_by_class(labels: Series, splits: NDArray[np.object_]) -> dict[str, NDArray[np.int64]]:
    values = labels.to_numpy(dtype=object)
    return {
        str(name): np.flatnonzero((values == name) & (splits == "train"))
        for name in sorted(set(values))
    }


def _check_classes(pools: Mapping[str, NDArray[np.int64]], needed: int) -> None:
    if len(pools) < 2:  # noqa: PLR2004
        raise DataError(
            f"Only one class was found: {', '.join(pools)}. A classifier needs two or more; "
            "put each class into a folder of its own: <class>/<picture>."
        )
    small = {name: len(pool) for name, pool in pools.items() if len(pool) < needed}
    if small:
        listing = ", ".join(f"{name} ({count})" for name, count in small.items())
        raise DataError(
            f"{len(small)} of {len(pools)} classes have fewer readable images than the {needed} "
            f"splits to draw: {listing}. Add images to these folders, or remove the folders."
        )
