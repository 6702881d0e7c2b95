"""The index of a source: one row per file, with what it is or why it is refused."""

import hashlib
import re
from functools import partial
from itertools import chain
from typing import Any, Literal

from onion_pipeline.annotations import ColorMode, DataFrame, Series
from onion_pipeline.errors import ConfigurationError
from onion_pipeline.images.decoding import decoder
from onion_pipeline.images.labels import label_paths, normalize_text
from onion_pipeline.images.loading import read_file
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.images.suffixes import IMAGE_NAME
from onion_pipeline.workers.parallel import map_chunks

# Files a job: a tenth of a second for small ones.
CHUNK = 1024
# The longest side that `auto` chooses: a plain network gains little above it and takes long.
LARGEST_AUTO_SIDE = 128
COLUMNS = {
    "path": "str",
    "label": "str",
    "split": "str",
    "group": "str",
    "bytes": "Int64",
    "sha256": "str",
    "format": "str",
    "height": "Int64",
    "width": "Int64",
    "grayscale": "boolean",
    "largest_value": "Int64",
    "reason": "str",
    "detail": "str",
}


def index_images(
    source: ImageSource,
    rendering: decoder.Rendering = decoder.DEFAULT_RENDERING,
    label_level: int = 1,
    group_by: str | None = None,
    measures_depth: bool = False,
) -> DataFrame:
    """Return one row per file of `source`, read once for its header and checksum.

    Args:
        source: the files.
        rendering: decides whether files with several frames are refused.
        label_level: which folder is the label; see
            :func:`~onion_pipeline.images.labels.label_paths`. A table in the source goes first.
        group_by: a regular expression on the path; what it finds (its first group in
            parentheses, if it has one) names pictures that belong together, such as those of
            one patient. A table in the source goes first.
        measures_depth: also decode the pictures of 16 bits, for the largest value of each.

    Returns:
        Columns ``path``, ``label``, ``split`` (where the user has given it), ``group``,
        ``bytes``, ``sha256``, ``format``, ``height``, ``width``, ``grayscale``,
        ``largest_value`` (of a picture of 16 bits); and ``reason``, ``detail`` where the file
        is refused (see :mod:`onion_pipeline.images.quarantine`); and the other columns of a
        table in the source, as texts. Sorted by path.

    Raises:
        ConfigurationError: `group_by` finds nothing in any path.
    """
    import pandas as pd

    starts = range(0, len(source.paths), CHUNK)
    chunks = [source.select(source.paths[start : start + CHUNK]) for start in starts]
    index_chunk = partial(_index_chunk, rendering=rendering, measures_depth=measures_depth)
    found = chain.from_iterable(map_chunks(index_chunk, chunks, title="index images"))
    refused = (refusal._asdict() for refusal in source.refused)
    given = _give_labels(source, label_level, group_by)
    columns = ["path", *(name for name in COLUMNS if name not in given)]
    files = pd.DataFrame([*found, *refused], columns=columns, dtype=object)
    index = files.astype({name: COLUMNS[name] for name in columns})
    index = index.merge(given, on="path", how="left", sort=True)
    others = [name for name in given if name not in COLUMNS]
    index = index[[*COLUMNS, *others]].astype(COLUMNS)
    unlabelled = index["label"].isna() & index["reason"].isna()
    index.loc[unlabelled, "reason"] = "no_label"
    level = "" if label_level == 1 else f" at ingest.label_level={label_level}"
    index.loc[unlabelled, "detail"] = f"no folder{level} and no table gives it a label"
    return index


def describe_groups(index: DataFrame) -> str:
    """Return how many groups ``group_by`` has found, and how many pictures are in none."""
    kept = index[index["reason"].isna()]
    alone = kept.loc[kept["group"].isna(), "path"].tolist()
    line = f"{kept['group'].nunique()} groups of pictures stay together"
    some = (
        f"; {len(alone)} of {len(kept)} pictures are in none, such as {alone[0]}" if alone else ""
    )
    return f"{line}{some}"


def choose_image_shape(
    index: DataFrame, image_size: tuple[int, int] | Literal["auto"], color_mode: ColorMode
) -> tuple[int, int, int]:
    """Return height, width and channels for the images of `index`.

    ``auto`` takes the median height and width of the readable files, shrunk in proportion
    where a side exceeds 128 pixels, and RGB unless every file is stored in grayscale. At least
    one file is not refused.
    """
    readable = index[index["reason"].isna()]
    is_gray = color_mode == "grayscale" or (color_mode == "auto" and readable["grayscale"].all())
    if image_size == "auto":
        height, width = (float(readable[side].median()) for side in ("height", "width"))
        scale = min(1.0, LARGEST_AUTO_SIDE / max(height, width))
        image_size = max(1, round(height * scale)), max(1, round(width * scale))
    return (*image_size, 1 if is_gray else 3)


def _index_chunk(
    source: ImageSource, rendering: decoder.Rendering, measures_depth: bool
) -> list[dict[str, Any]]:
    return [_index_file(source, path, rendering, measures_depth) for path in source.paths]


def _index_file(
    source: ImageSource, path: str, rendering: decoder.Rendering, measures_depth: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {"path": path}
    try:
        data = read_file(source, path)
        found |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        header = decoder.read_header(data, rendering)
        if measures_depth and header.deep:
            found["largest_value"] = decoder.measure_largest_value(data, rendering)
        return found | header._asdict()
    except decoder.RejectedImageError as error:
        # A file that is no image by its content, and has no such name either, is no broken image.
        unknown = error.reason in {"unsupported_format", "empty"}
        reason = "not_an_image" if unknown and not IMAGE_NAME.search(path) else error.reason
        return found | {"reason": reason, "detail": error.detail}


def _give_labels(source: ImageSource, level: int, group_by: str | None) -> DataFrame:
    """Return ``path``, ``label``, ``split`` and ``group`` of each file that may be read."""
    import pandas as pd

    if source.given is None:
        labelled = label_paths(source.paths, level)
        table = pd.DataFrame(labelled, columns=["label", "split"], dtype="str")
        table["path"] = pd.Series(source.paths, dtype="str")
    else:
        table = source.given
    if "group" not in table or table["group"].isna().all():
        table = table.assign(group=_find_groups(table["path"], group_by))
    return table


def _find_groups(paths: Series, group_by: str | None) -> Series:
    import pandas as pd

    found = [group_by and re.search(group_by, path) for path in paths]
    if group_by and len(paths) and not any(found):
        raise ConfigurationError(
            f"ingest.group_by, which is {group_by}, finds nothing in any path, such as "
            f"{paths.iloc[0]}: pictures that belong together would come into several splits. "
            "Correct it, or leave it out."
        )
    names = [match[1 if match.re.groups else 0] if match else None for match in found]
    return pd.Series([name and normalize_text(name) for name in names], dtype="str")
