"""Tables that say what is in which file: CSV, TSV, JSON Lines and Parquet, as text."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from onion_pipeline.errors import DataError

COLUMNS = frozenset({"path", "file_name", "label", "split", "group"})
# Of the others, so many are kept: by their values the test may be looked at in slices.
MOST_OTHERS = 20
SEPARATORS = ",;\t|"
# A table this large is none of file names, or made to exhaust memory.
MAX_BYTES = 256 << 20
MAX_ROWS = 20_000_000


class Table(NamedTuple):
    """The rows of a table, as far as they are of use here.

    Args:
        location: for messages.
        columns: all column names, as they stand.
        rows: the number of each row, as a person counts, and its texts by column in lower case;
            ``""`` where there is none. Of columns that mean nothing here the first
            :data:`MOST_OTHERS` are kept.
    """

    location: str
    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]

    def has(self, column: str) -> bool:
        """Tell whether there is a `column`, in capitals or not."""
        return column in {_simplify(name) for name in self.columns}


def is_table(name: str) -> bool:
    """Tell whether a file called `name` is a table that can be read."""
    return _find_suffix(name) in PARSERS


def check_size(size: int, location: str) -> None:
    """Raise ``DataError`` if a table of `size` bytes is too large to be read at once."""
    if size > MAX_BYTES:
        raise DataError(f"{location} has {size} bytes; a table of files may have {MAX_BYTES}.")


def read_table(data: bytes, name: str, location: str) -> Table:
    """Return the table in `data`, the content of a file called `name`, at `location` in messages.

    Raises:
        DataError: it is damaged, not UTF-8, has rows of different lengths, or two columns that
            mean the same.
    """
    try:
        table = PARSERS[_find_suffix(name)](data, location)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{location} is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}. Save "
            'it as UTF-8; in Excel: Save As, "CSV UTF-8 (Comma delimited)".'
        ) from error
    names = [name for name in map(_simplify, table.columns) if name in COLUMNS]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{location} has more than one column {twice[0]!r} (of {', '.join(table.columns)}), in "
            "capitals or not; which is meant cannot be told. Rename all but one."
        )
    return table


def _parse_csv(data: bytes, location: str) -> Table:
    text = data.decode("utf-8-sig").lstrip("\r\n")
    try:
        records = list(_read_records(text, _find_separator(text)))
    except csv.Error as error:
        raise DataError(f"{location} is not a readable CSV file: {error}.") from error
    header = tuple(name.strip() for name in records[0]) if records else ()
    wanted = _choose_columns(header)
    places = {place: name for place, name in enumerate(map(_simplify, header)) if name in wanted}
    rows = []
    for number, record in enumerate(records[1:], 2):
        if any(record[len(header) :]):
            raise DataError(
                f"{location}, row {number}: {len(record)} cells under {len(header)} columns. "
                "Put a cell that holds a separator into double quotes."
            )
        if any(record):
            rows.append((number, {places[i]: record[i] for i in places if i < len(record)}))
    return Table(location, header, rows)


def _read_records(text: str, separator: str) -> Iterator[list[str]]:
    # `newline=""`: a quoted cell keeps the line breaks that it has.
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)


def _find_separator(text: str) -> str:
    """Return what separates the cells: what makes most known columns out of the first row."""
    headers = {mark: next(_read_records(text, mark), []) for mark in SEPARATORS}
    known = {mark: COLUMNS.intersection(map(_simplify, headers[mark])) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: len(known[mark]))


def _parse_json_lines(data: bytes, location: str) -> Table:
    rows: list[tuple[int, dict[str, str]]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(data.decode("utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{location}, line {number} is not JSON: {error}.") from error
        if not isinstance(found, Mapping):
            raise DataError(f'{location}, line {number} is no JSON object such as {{"label": 3}}.')
        columns |= dict.fromkeys(found)
        rows.append((number, _pick(found.items(), _choose_columns(columns))))
    return Table(location, tuple(columns), rows)


def _parse_parquet(data: bytes, location: str) -> Table:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(io.BytesIO(data))
        columns = tuple(file.schema_arrow.names)
        if file.metadata.num_rows > MAX_ROWS:  # some kilobytes can hold any number of them
            raise DataError(f"{location} has {file.metadata.num_rows} rows, over {MAX_ROWS}.")
        wanted = _choose_columns(
            name
            for name, kind in zip(columns, file.schema_arrow.types, strict=True)
            if _simplify(name) in COLUMNS or _holds_texts(kind)
        )
        read = [name for name in columns if _simplify(name) in wanted]
        records = file.read(columns=read).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{location} is not a readable Parquet file: {error}.") from error
    rows = [(i, _pick(row.items(), wanted)) for i, row in enumerate(records, 1)]
    return Table(location, columns, rows)


PARSERS: Mapping[str, Callable[[bytes, str], Table]] = {
    ".csv": _parse_csv,
    ".tsv": _parse_csv,
    ".jsonl": _parse_json_lines,
    ".parquet": _parse_parquet,
}


def _find_suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _simplify(column: Any) -> str:
    return str(column).strip().lower()


def _choose_columns(columns: Iterable[Any]) -> frozenset[str]:
    """Return, in lower case, the columns that mean something here and the first few others."""
    names = dict.fromkeys(map(_simplify, columns))
    others = [name for name in names if name and name not in COLUMNS]
    return COLUMNS | frozenset(others[:MOST_OTHERS])


def _holds_texts(kind: Any) -> bool:
    """Tell whether a column of Parquet holds what a person would write into one cell."""
    from pyarrow.types import is_boolean, is_floating, is_integer, is_large_string, is_string

    tests = (is_string, is_large_string, is_boolean, is_integer, is_floating)
    return any(test(kind) for test in tests)


def _pick(cells: Iterable[tuple[Any, Any]], wanted: frozenset[str]) -> dict[str, str]:
    known = ((_simplify(column), value) for column, value in cells)
    return {
        column: _to_text(value)
        for column, value in known
        if column in COLUMNS or (column in wanted and not isinstance(value, list | dict))
    }


def _to_text(value: Any) -> str:
    """Return `value` as a person writes it: a column of numbers with gaps holds 3.0 for 3."""
    if value is None or value != value:  # noqa: PLR0124 - not a number
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    # JSON can hold halves of characters, which no file can.
    return str(value).encode("utf-8", "backslashreplace").decode()
