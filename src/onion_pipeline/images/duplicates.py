"""Pictures that are the same or nearly so: as a table of pairs, and as the clusters they form."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.near_duplicates import find_near_duplicates, pair_equal


def list_duplicates(files: DataFrame, images: NDArray[np.uint8], near: bool = True) -> DataFrame:
    """Return the pairs of images that are the same file or nearly the same picture.

    Args:
        files: columns ``path``, ``label``, ``sha256``; one row per image, in their order.
        images: uint8, (N, H, W, C); may be a memory map.
        near: whether to look for near-duplicates, or for files of the same bytes alone.

    Returns:
        Columns ``first``, ``second`` (int64, rows of `files`, the first is the smaller),
        ``kind`` (``exact``: the same bytes; ``near``), ``similarity`` (in [0, 1]),
        ``first_path``, ``second_path``, ``first_label``, ``second_label``; sorted by the rows.
        Of several copies of a file each is paired with the first. Which contents are paired
        depends on the files alone, not on their names or their order.
    """
    import pandas as pd

    checksums = files["sha256"].to_numpy(object)
    first, later = pair_equal(checksums)
    pairs = pd.DataFrame({"first": first, "second": later, "kind": "exact", "similarity": 1.0})
    if near:
        alike = find_near_duplicates(images, checksums)
        different = checksums[alike["first"]] != checksums[alike["second"]]
        pairs = pd.concat([pairs, alike[different].assign(kind="near")])
    pairs = pairs.sort_values(["first", "second"], ignore_index=True).astype({"kind": "str"})
    for column in ("path", "label"):
        for side in ("first", "second"):
            pairs[f"{side}_{column}"] = files[column].astype("str").array[pairs[side]]
    return pairs


def join_pairs(
    count: int, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return a number for each of `count` rows, the same for rows that pairs connect.

    It is that of the smallest row that can be reached: int64, (count,).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), bool), (first, second)), (count, count))
    _, component = connected_components(graph, directed=False)
    _, smallest = np.unique(component, return_index=True)
    return smallest[component].astype(np.int64)
