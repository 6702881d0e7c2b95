"""A project that moved, was copied or is mounted elsewhere: where its MLflow files are now.

MLflow keeps absolute paths, and offers nothing to change them
(https://github.com/mlflow/mlflow/issues/3144): without this, a run in a project that moved makes
the old folder anew and writes there, one in a copy writes into the original, and models that
were registered before are not found.
"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from onion_pipeline.tracking.mlflow_client import LONGEST_LOCK, SQLITE
from onion_pipeline.tracking.runs import resolve_tracking_uri

logger = logging.getLogger(__name__)

# Where MLflow keeps paths of files, and what tells the rows apart.
COLUMNS = (
    ("experiments", "artifact_location", "name"),
    ("runs", "artifact_uri", "run_uuid"),
    ("logged_models", "artifact_location", "model_id"),
    ("model_versions", "storage_location", "name"),
    ("model_versions", "source", "name"),
)
# MLflow's own experiment, to which runs go that name none.
DEFAULT = "Default"


class _Record(NamedTuple):
    """A path in the database: in which column, as what, and where its files would be today."""

    table: str
    column: str
    name: str
    value: str
    folder: Path
    old: Path
    new: Path


def repoint_store(settings: Mapping[str, str], project: Path) -> None:
    """Let a local store name the folder where its files are today, if it names another.

    A store is of this project if its database lies in it. A record is changed if its files are
    in the folder of today, or no longer in the one that it names; experiments, to which new
    files go, are so in any case. Where a copy was made without the files, the records of earlier
    runs go on naming the original, which is read and never written to.

    Args:
        settings: ``tracking_uri``, ``artifacts`` and ``experiment``, as in ``mlflow.yml``.
        project: its folder.

    Raises:
        sqlite3.Error: the database is locked, damaged or cannot be written to.
    """
    uri = resolve_tracking_uri(settings["tracking_uri"], project)
    database = Path(uri.removeprefix(SQLITE).partition("?")[0])
    relative = Path(settings["artifacts"])
    if not uri.startswith(SQLITE) or relative.is_absolute() or not database.is_file():
        return
    if not database.resolve().is_relative_to(project.resolve()):
        return  # it may be of several projects
    with closing(sqlite3.connect(database, timeout=LONGEST_LOCK)) as connection, connection:
        found = list(_find_foreign(connection, project, relative))
        moved = [each for each in found if _is_to_move(each, settings["experiment"])]
        for each in moved:
            written = each.new.as_uri() if each.value.startswith("file:") else str(each.new)
            query = f"UPDATE {each.table} SET {each.column} = ? WHERE {each.column} = ?"
            connection.execute(query, (written, each.value))
    if moved:
        _tell(moved, found, project / relative)


def read_local_path(address: str) -> Path | None:
    """Return the path that MLflow has written as a path or an address; ``None`` if it is remote."""
    scheme, _, path, *_ = urlsplit(address)
    if scheme == "file":
        return Path(url2pathname(path))
    return Path(address) if len(scheme) <= 1 else None  # a letter names a disk of Windows


def _find_foreign(
    connection: sqlite3.Connection, project: Path, relative: Path
) -> Iterator[_Record]:
    """Yield the records of files in a folder that is named as this project's, and is another."""
    today = project / relative
    is_today = cache(partial(_is_same, today))
    for table, column, key in COLUMNS:
        # Names of this module: nothing that anybody has typed.
        query = f"SELECT DISTINCT {key}, {column} FROM {table} WHERE {column} IS NOT NULL"
        for name, value in _select(connection, query):
            path = read_local_path(value)
            head, here, tail = f"{path}/".rpartition(f"/{relative.as_posix()}/")
            if not path or not path.is_absolute() or not here:
                continue
            folder = Path(head or "/") / relative
            if not is_today(folder):
                yield _Record(table, column, name, value, folder, path, today / tail)


def _select(connection: sqlite3.Connection, query: str) -> list[tuple[str, str]]:
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError as error:
        if "no such" in str(error):
            return []  # the tables are not made yet, or of another version
        raise


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one folder, as links and mounts do."""
    with suppress(OSError):
        return one == other or one.samefile(other)
    return False


def _is_to_move(record: _Record, experiment: str) -> bool:
    is_written_to = record.table == "experiments" and record.name in {experiment, DEFAULT}
    return is_written_to or record.new.exists() or not record.old.exists()


def _tell(moved: list[_Record], found: list[_Record], folder: Path) -> None:
    # MLflow places its own experiment where the first run was typed, perhaps in a sub-folder.
    told = [each for each in moved if (each.table, each.name) != ("experiments", DEFAULT)]
    if told:
        logger.info(
            "This project was elsewhere: MLflow looked for its files in %s. It looks for them in "
            "%s from now on.",
            told[0].folder,
            folder,
        )
    left = [each for each in found if each not in moved]
    if left:
        logger.warning(
            "The files of %d earlier records of MLflow are not in %s but in %s. They "
            "are read there, and nothing is written there; copy them to have them here.",
            len(left),
            folder,
            left[0].folder,
        )
