"""Which images train the network, which choose among its epochs and which test it.

No split knows a picture of another: near-duplicates, and pictures of one group such as a
patient, lie in one split only. A split depends on the content of the files and on the seed,
never on their order, names or place.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, Series
from onion_pipeline.errors import DataError
from onion_pipeline.images.duplicates import join_pairs
from onion_pipeline.images.near_duplicates import pair_equal
from onion_pipeline.images.stratification import LEFT_OUT, SPLITS, draw_exactly, draw_stably


def split_images(
    files: DataFrame,
    duplicates: DataFrame,
    fractions: Mapping[str, float],
    seed: int,
    method: Literal["exact", "stable"] = "exact",
) -> DataFrame:
    """Return `files` with the split of each.

    Splits that the user has given stay as they are. Those that are missing are drawn from the
    files without one, or, where each has one, from those for training.

    ``exact`` stratifies by label: of each class, each split gets its share to within the size
    of the largest cluster (to the image, where no pictures belong together), and at least one.

    ``stable`` draws each picture, or group, by a hash of its own: images that are added move
    no earlier one to another split, and the fractions hold on average. Of near-duplicates
    whose hashes disagree, those for the test stay, else those for validation; the others are
    ``left_out``.

    Args:
        files: columns ``path``, ``label``, ``split`` and ``group`` (missing where none is
            given), ``sha256``.
        duplicates: columns ``first``, ``second``: positions in `files` of near-duplicates.
        fractions: share of each split; they add up to 1.
        seed: of the draw.
        method: how.

    Returns:
        Columns ``path``, ``label``, ``split``, ``group``, ``sha256`` and ``cluster`` (int64; the
        same for files that belong together); one row per row of `files`, in their order.

    Raises:
        DataError: fewer than two classes, or a class that cannot be in every split.
    """
    names = ["path", "label", "split", "group", "sha256"]
    table = files[names].reset_index(drop=True)
    table["cluster"] = cluster_files(table, duplicates)
    table["split"] = _join_given(table)
    free, drawn = _find_free(table["split"])
    pool = table[free]
    _check_clusters(table, pool, len(drawn))
    if len(drawn) > 1:
        whole = sum(fractions[name] for name in drawn)
        shares = {name: fractions[name] / whole for name in drawn}
        if method == "exact":
            table.loc[free, "split"] = draw_exactly(pool, shares, seed)
        else:
            alike = cluster_files(table.assign(group=None), duplicates)[free]
            table.loc[free, "split"] = draw_stably(pool, alike, shares, seed)
    _check_every_class(table, drawn)
    return table.astype({"split": "str"})


def cluster_files(files: DataFrame, duplicates: DataFrame) -> NDArray[np.int64]:
    """Return a number for each file; files that belong together have the same.

    Those are near-duplicates, files of the same bytes, and files of one group; and what
    belongs together with one of them.
    """
    links = [duplicates[["first", "second"]].to_numpy(np.int64)]
    for column in ("sha256", "group"):
        named = np.flatnonzero(files[column].notna())
        links.append(named[np.stack(pair_equal(files[column].iloc[named]), axis=1)])
    pairs = np.concatenate(links)
    return join_pairs(len(files), pairs[:, 0], pairs[:, 1])


def check_classes(files: DataFrame) -> None:
    """Check that `files` can be split at all; columns ``label``, ``split``, ``sha256``.

    Raises:
        DataError: fewer than two classes, or a class with fewer files than splits to draw.
    """
    table = files[["label", "split"]].assign(cluster=files["sha256"])
    free, drawn = _find_free(table["split"])
    _check_clusters(table, table[free], len(drawn))


def assign_folds(splits: DataFrame, folds: int, seed: int) -> Series:
    """Return the fold of each image for training and validation, for cross-validation.

    Stratified by label; what belongs together lies in one fold. `splits` has the columns
    ``label``, ``split``, ``sha256`` and ``cluster``.

    Returns:
        Int64, 0 to `folds` - 1, missing for the other images; indexed as `splits`.

    Raises:
        DataError: a class has fewer clusters of images than there are folds.
    """
    import pandas as pd
    from sklearn.model_selection import StratifiedGroupKFold

    used = splits[splits["split"].isin(["train", "validation"])]
    used = used.sort_values("sha256", kind="stable")
    # Numbered by content: scikit-learn draws in the order of the numbers, these are those of rows.
    used["cluster"], _ = pd.factorize(used["cluster"])
    clusters = used.groupby("label")["cluster"].nunique()
    if clusters.min() < folds:
        raise DataError(
            f"{folds} folds need {folds} images of each class that do not belong together; "
            f"{clusters.idxmin()} has {clusters.min()}. Ask for fewer folds, or add images."
        )
    assigned = pd.Series(pd.NA, index=splits.index, dtype="Int64")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for number, (_, held) in enumerate(splitter.split(used, used["label"], used["cluster"])):
        assigned.loc[used.index[held]] = number
    return assigned


def find_leaks(splits: DataFrame, duplicates: DataFrame) -> DataFrame:
    """Return the `duplicates` of which one file lies in another split than the other.

    Only splits that the user has given can hold any.
    """
    names = splits["split"].to_numpy(object)
    first, second = names[duplicates["first"]], names[duplicates["second"]]
    apart = (first != second) & (first != LEFT_OUT) & (second != LEFT_OUT)
    return duplicates[apart].assign(first_split=first[apart], second_split=second[apart])


def find_tested(leaks: DataFrame) -> Series:
    """Tell which `leaks`, from :func:`find_leaks`, have a file in the test."""
    return (leaks[["first_split", "second_split"]] == "test").any(axis=1)


def describe_leaks(leaks: DataFrame) -> str:
    """Return a warning about `leaks`, from :func:`find_leaks`."""
    pair, in_test = leaks.iloc[0], find_tested(leaks).any()
    consequence = (
        "The test is too kind to a network that has seen its pictures"
        if in_test
        else "The validation is too kind to an epoch that has seen its pictures, the test is not"
    )
    return (
        f"{len(leaks)} pairs of pictures that are the same or nearly so lie in different splits, "
        f"as they were given: for example {pair['first_path']} ({pair['first_split']}) and "
        f"{pair['second_path']} ({pair['second_split']}). {consequence}; the data report lists "
        "them."
    )


def _join_given(table: DataFrame) -> Series:
    """Give files without a split that of the files to which they belong, if these have one."""
    ranks = table["split"].map({name: rank for rank, name in enumerate(SPLITS)})
    highest = ranks.groupby(table["cluster"]).transform("max")
    return table["split"].where(table["split"].notna(), highest.map(dict(enumerate(SPLITS))))


def _find_free(given: Series) -> tuple[NDArray[np.bool_], list[str]]:
    if given.isna().any():
        return given.isna().to_numpy(), list(SPLITS)
    missing = [name for name in SPLITS[1:] if name not in set(given)]
    return (given == "train").to_numpy(), ["train", *missing]


def _check_clusters(table: DataFrame, pool: DataFrame, needed: int) -> None:
    labels = sorted(table["label"].unique())
    if len(labels) < 2:  # noqa: PLR2004
        raise DataError(
            f"Only one class was found: {', '.join(labels)}. A classifier needs two or more; "
            "put each class into a folder of its own: <class>/<picture>."
        )
    clusters = pool.groupby("label")["cluster"].nunique().reindex(labels, fill_value=0)
    small = [label for label in labels if clusters[label] < needed]
    if small:
        listing = ", ".join(_describe_small(label, table, pool, clusters) for label in small)
        have = "have" if len(small) > 1 else "has"
        fewer = f"fewer readable images than the {needed} splits to draw"
        wanted = fewer if needed > 1 else "no readable image for training"
        raise DataError(
            f"{len(small)} of {len(labels)} classes {have} {wanted}: {listing}. "
            "Near-duplicates and images of one group count once, since they must stay in one "
            "split. Add images to these classes, or remove them."
        )


def _describe_small(label: str, table: DataFrame, pool: DataFrame, clusters: Series) -> str:
    """Return how many images of a class there are to draw from, and how many are given."""
    count, apart = int((pool["label"] == label).sum()), int(clusters[label])
    given = table.loc[(table["label"] == label) & ~table.index.isin(pool.index), "split"]
    details = [f"{count} to draw from" if len(given) else str(count)]
    if apart != count:
        details.append(f"{apart} of them apart")
    details += [f"{number} more in {name}" for name, number in given.value_counts().items()]
    return f"{label} ({', '.join(details)})"


def _check_every_class(table: DataFrame, drawn: Sequence[str]) -> None:
    labels = set(table["label"])
    for name in drawn:
        absent = labels - set(table.loc[table["split"] == name, "label"])
        if absent:
            raise DataError(
                f"The {name} split would have no image of {', '.join(sorted(absent))}: too few of "
                "them are apart from each other. Add images, set ingest.split_method: exact, or "
                "loosen ingest.group_by."
            )
