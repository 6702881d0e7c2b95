"""What tables say of files: the label, the split and the group of each."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError, suggest
from onion_pipeline.images.labels import Labelled, normalize_text
from onion_pipeline.images.sources import names
from onion_pipeline.images.sources.source import ImageSource, Refusal
from onion_pipeline.images.sources.tables import COLUMNS, Table
from onion_pipeline.images.split_names import SPLIT_FOLDERS

NOTHING = Labelled(None, None)
MOST_VALUES = 20  # of another column of a table: one of captions tells no kinds of pictures apart
# Columns of tables, and those that an index has itself.
NAMED = COLUMNS | {"bytes", "sha256", "format", "height", "width", "grayscale", "reason", "detail"}


class Given(NamedTuple):
    """What is given for one file; ``None`` where nothing is."""

    label: str | None
    split: str | None
    group: str | None = None

    def __str__(self) -> str:
        parts = [f"{name} {value}" for name, value in self._asdict().items() if value]
        return ", ".join(parts) or "nothing"


@dataclass
class GivenRows:
    """Collects the rows of tables by the path of their file.

    Rows that repeat one another count once. Rows that contradict one another refuse their file.
    Labels and groups are in NFC.

    Args:
        folders: the label and the split by folders, for where the tables give none.
        labelled: whether the tables are asked for more than paths.
    """

    folders: Mapping[str, Labelled] = field(default_factory=dict)
    labelled: bool = True
    given: dict[str, Given] = field(default_factory=dict, init=False)
    others: dict[str, dict[str, str]] = field(default_factory=dict, init=False)
    refused: dict[str, Refusal] = field(default_factory=dict, init=False)

    def add_table(self, table: Table, name_column: str, folder: str = "") -> None:
        """Add the rows of `table`, whose column `name_column` has paths relative to `folder`."""
        labelled = table.has("label")
        for number, cells in table.rows:
            place = f"{table.location}, row {number}"
            path = self._find_path(cells.get(name_column, ""), folder, place)
            if path is not None:
                # Of columns that mean nothing to a source, nor to an index.
                others = {name: cell.strip() for name, cell in cells.items() if name not in NAMED}
                given = self._read_row(cells, path, place, labelled=labelled)
                self._add(path, given, others)

    def attach(self, source: ImageSource, *, unlisted: bool) -> ImageSource:
        """Return `source` with these rows; files of rows that it lacks are refused.

        If `unlisted`, files that no row names stay, without a label.
        """
        known = {refusal.path: refusal for refusal in source.refused}
        self._respell(source.paths)
        absent = self.given.keys() - set(source.paths)
        explained = {path: _explain_absence(path, known, source.location) for path in absent}
        refused = (known if unlisted else {}) | explained | self.refused
        wanted = (path for path in source.paths if unlisted or path in self.given)
        paths = tuple(path for path in wanted if path not in refused)
        return replace(
            source,
            paths=paths,
            refused=tuple(refused[path] for path in sorted(refused)),
            given=self._tabulate(paths),
            unentered=source.unentered if unlisted else (),  # else each row is told of
        )

    def _respell(self, paths: Sequence[str]) -> None:
        """Name files as they are named where they lie, not in another normal form."""
        absent = [path for path in self.given.keys() - set(paths) if not path.isascii()]
        spelt = {normalize_text(path): path for path in paths} if absent else {}
        for path in sorted(absent):
            found = spelt.get(normalize_text(path))
            if found:
                self._add(found, self.given.pop(path), self.others.pop(path, {}))

    def _find_path(self, name: str, folder: str, place: str) -> str | None:
        if not name:
            raise DataError(f"{place} names no file. Name one, or remove the row.")
        fault = names.find_fault(name)
        if fault:
            shown = names.shorten_name(name)
            self.refused[shown] = Refusal(shown, "unsafe_path", f"{place}: {fault}")
            return None
        return posixpath.join(folder, names.normalize_name(name))

    def _read_row(
        self, cells: Mapping[str, str], path: str, place: str, *, labelled: bool
    ) -> Given:
        if not self.labelled:
            return Given(None, None)
        inferred = self.folders.get(path, NOTHING)
        label = _read_text(cells, "label") if labelled else inferred.label
        split = _read_split(cells.get("split", "").strip(), place) or inferred.split
        return Given(label, split, _read_text(cells, "group"))

    def _add(self, path: str, given: Given, others: dict[str, str]) -> None:
        self.others.setdefault(path, others)
        known = self.given.setdefault(path, given)
        if known != given:
            detail = f"one row says {known}, another {given}"
            self.refused[path] = Refusal(path, "contradicting_rows", detail)

    def _tabulate(self, paths: Sequence[str]) -> DataFrame:
        import pandas as pd

        unlisted = {path: Given(None, folder.split) for path, folder in self.folders.items()}
        given = unlisted | self.given
        rows = [(path, *given.get(path, Given(None, None))) for path in paths]
        table = pd.DataFrame(rows, columns=["path", *Given._fields]).astype("str")
        others = pd.DataFrame([self.others.get(path, {}) for path in paths], dtype="str")
        kept = [name for name in others if others[name].nunique() <= MOST_VALUES]
        return table.join(others[kept].replace("", None)) if kept else table


def _read_text(cells: Mapping[str, str], column: str) -> str | None:
    return normalize_text(cells.get(column, "").strip()) or None


def _read_split(text: str, place: str) -> str | None:
    if text and text.lower() not in SPLIT_FOLDERS:
        raise DataError(
            f"{place}: split {suggest(text, SPLIT_FOLDERS)} "
            "Leave it empty where the split is to be drawn."
        )
    return SPLIT_FOLDERS.get(text.lower())


def _explain_absence(path: str, refused: Mapping[str, Refusal], root: str) -> Refusal:
    """Return why `path` cannot be read: itself refused, in a refused folder, or not there."""
    for part in sorted(names.find_ancestors([path])):
        if part in refused:
            _, reason, detail = refused[part]
            return Refusal(path, reason, detail if part == path else f"{part}: {detail}")
    return Refusal(path, "missing_file", f"no such file in {root}")
