"""Tables that say what files are: manifests beside folders of them, ``metadata`` among them.

Source: https://huggingface.co/docs/datasets/image_dataset, "ImageFolder", for the latter.
"""

import posixpath
from dataclasses import replace
from difflib import get_close_matches

from onion_pipeline.errors import DataError, suggest
from onion_pipeline.images.labels import label_paths
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.rows import GivenRows
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.sources.tables import COLUMNS, Table, check_size, read_table

METADATA = frozenset({"metadata.csv", "metadata.jsonl", "metadata.parquet"})


def open_manifest(place: Place, *, labelled: bool = True) -> ImageSource:
    """Return the files that the table at `place` lists, relative to the folder it lies in.

    Its columns are ``path`` (or ``file_name``) and ``label``, and if need be ``split`` and
    ``group``. Unless they are to be `labelled`, it is asked for the paths alone.

    Raises:
        DataError: a column is missing, or a row cannot be understood.
    """
    check_size(place.measure(), place.location)
    table = read_table(place.read(), place.name, place.location)
    name_column = "file_name" if table.has("file_name") and not table.has("path") else "path"
    for column in (name_column, "label") if labelled else (name_column,):
        if not table.has(column):
            raise DataError(_describe_missing(column, table))
    rows = GivenRows(labelled=labelled)
    rows.add_table(table, name_column)
    if not table.rows:
        raise DataError(f"{place.location} lists no file: below its first row there is none.")
    named = replace(place.parent.list_files(rows.given), location=place.location)
    return rows.attach(named, unlisted=False)


def apply_metadata(source: ImageSource, *, labelled: bool = True) -> ImageSource:
    """Return `source` with what its ``metadata`` tables say, or as it is if it has none.

    Each table names files relative to its own folder, in a column ``file_name``; a table without
    one is something else, and stays a file among the others. Files that no table lists stay
    without a label. Unless files are to be `labelled`, the tables are asked for the paths alone.
    """
    names = [path for path in source.paths if path.rpartition("/")[2] in METADATA]
    tables = {name: table for name in names if (table := _read(source, name)).has("file_name")}
    if not tables:
        return source
    images = tuple(path for path in source.paths if path not in tables)
    # Under folders of splits, a file needs no folder of a class.
    needed = labelled and not all(table.has("label") for table in tables.values())
    folders = dict(zip(images, label_paths(images, strict=needed), strict=True))
    rows = GivenRows(folders, labelled=labelled)
    for name, table in tables.items():
        rows.add_table(table, "file_name", posixpath.dirname(name))
    return rows.attach(replace(source, paths=images), unlisted=True)


def _describe_missing(column: str, table: Table) -> str:
    close = get_close_matches(column, table.columns, n=1)
    hint = f" {suggest(close[0], COLUMNS)}" if close else ""
    return (
        f"{table.location} has no column {column!r}. Its first row names: "
        f"{', '.join(table.columns) or 'nothing'}.{hint} A manifest has the columns path and "
        "label (to predict, path is enough), and may have split (train, validation or test) and "
        "group."
    )


def _read(source: ImageSource, name: str) -> Table:
    location = f"{source.location}/{name}"
    check_size(source.measure(name), location)  # an archive's member may unpack to any size
    return read_table(source.read(name), name, location)
