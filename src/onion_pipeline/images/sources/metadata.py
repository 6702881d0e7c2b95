"""The layout that Hugging Face calls ``imagefolder``: tables among the files they describe.

Source: https://huggingface.co/docs/datasets/image_dataset, "ImageFolder".
"""

import posixpath
from dataclasses import replace

from onion_pipeline.images.labels import label_paths
from onion_pipeline.images.sources.rows import GivenRows
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.sources.tables import Table, check_size, read_table

NAMES = frozenset({"metadata.csv", "metadata.jsonl", "metadata.parquet"})
NAME_COLUMN = "file_name"


def apply_metadata(source: ImageSource, *, labelled: bool = True) -> ImageSource:
    """Return `source` with what its ``metadata`` tables say, or as it is if it has none.

    Each table names files relative to its own folder, in a column ``file_name``; a table without
    one is something else, and stays a file among the others. Files that no table lists stay
    without a label. Unless files are to be `labelled`, the tables are asked for the paths alone.
    """
    names = [path for path in source.paths if path.rpartition("/")[2] in NAMES]
    tables = {name: table for name in names if (table := _read(source, name)).has(NAME_COLUMN)}
    if not tables:
        return source
    images = tuple(path for path in source.paths if path not in tables)
    # Under folders of splits, a file needs no folder of a class.
    needed = labelled and not all(table.has("label") for table in tables.values())
    folders = dict(zip(images, label_paths(images, strict=needed), strict=True))
    rows = GivenRows(folders, labelled=labelled)
    for name, table in tables.items():
        rows.add_table(table, NAME_COLUMN, posixpath.dirname(name))
    return rows.attach(replace(source, paths=images), unlisted=True)


def _read(source: ImageSource, name: str) -> Table:
    location = f"{source.location}/{name}"
    check_size(source.measure(name), location)  # an archive's member may unpack to any size
    return read_table(source.read(name), name, location)
