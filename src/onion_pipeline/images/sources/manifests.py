"""Manifests: tables that list files with their labels, beside the folders of these files."""

from dataclasses import replace
from difflib import get_close_matches

from onion_pipeline.errors import DataError, suggest
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.rows import GivenRows
from onion_pipeline.images.sources.source import ImageSource
from onion_pipeline.images.sources.tables import COLUMNS, Table, check_size, read_table


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


def _describe_missing(column: str, table: Table) -> str:
    close = get_close_matches(column, table.columns, n=1)
    hint = f" {suggest(close[0], COLUMNS)}" if close else ""
    return (
        f"{table.location} has no column {column!r}. Its first row names: "
        f"{', '.join(table.columns) or 'nothing'}.{hint} A manifest has the columns path and "
        "label (to predict, path is enough), and may have split (train, validation or test) and "
        "group."
    )
