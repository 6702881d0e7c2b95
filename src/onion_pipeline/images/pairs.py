"""Pairs of pictures that are the same or nearly so, as a table a person can read."""

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.duplicates import find_near_duplicates


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
        Of several copies of a file each is paired with the first.
    """
    import pandas as pd

    pairs = _find_exact(files)
    if near:
        alike = find_near_duplicates(images)
        checksums = files["sha256"].to_numpy(object)
        different = checksums[alike["first"]] != checksums[alike["second"]]
        pairs = pd.concat([pairs, alike[different].assign(kind="near")])
    pairs = pairs.sort_values(["first", "second"], ignore_index=True)
    for column in ("path", "label"):
        for side in ("first", "second"):
            pairs[f"{side}_{column}"] = files[column].to_numpy(object)[pairs[side]]
    names = ["path", "label"]
    texts = ["kind", *(f"{side}_{name}" for name in names for side in ("first", "second"))]
    return pairs[["first", "second", "kind", "similarity", *texts[1:]]].astype(
        dict.fromkeys(texts, "str")
    )


def _find_exact(files: DataFrame) -> DataFrame:
    import pandas as pd

    _, first, same = np.unique(
        files["sha256"].to_numpy(object), return_index=True, return_inverse=True
    )
    rows = np.arange(len(files))
    later = np.flatnonzero(first[same] != rows)
    return pd.DataFrame(
        {"first": first[same][later], "second": later, "kind": "exact", "similarity": 1.0}
    )
