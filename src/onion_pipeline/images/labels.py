"""How the folders of a source become labels and, where the user has made them, splits."""

from collections.abc import Sequence
from typing import NamedTuple

from onion_pipeline.errors import ConfigurationError

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


class Labelled(NamedTuple):
    """The label and the split that a path's folders name; ``None`` where they name none."""

    label: str | None
    split: str | None


def label_paths(paths: Sequence[str], level: int | None = None) -> list[Labelled]:
    """Return the label and the given split of each of `paths`.

    The label is a folder, the first unless `level` says otherwise. Folders that wrap everything,
    as archives often have, are passed over, and a first level made of ``train``, ``validation``
    (``val``, ``valid``) and ``test`` folders alone is the split, with the labels below it.

    Args:
        paths: relative to the root of their source, in any order.
        level: which folder is the label, from the outside (1 is the first below wrappers and
            splits, 2 the next) or the inside (-1 is the one that the file lies in). A path
            with no such folder has no label.

    Raises:
        ConfigurationError: `level` is 0.
    """
    if level == 0:
        raise ConfigurationError(
            "label level 0 names no folder: 1 is the outermost, 2 the next, -1 the innermost."
        )
    index = level - 1 if level is not None and level > 0 else level or 0
    folders = _list_folders(paths)
    if not _are_splits(folders) or not any(len(parts) > 1 for parts in folders):
        return [Labelled(_pick(parts, index), None) for parts in folders]
    return [Labelled(_pick(parts[1:], index), _find_split(parts)) for parts in folders]


def split_paths(paths: Sequence[str]) -> list[str | None]:
    """Return the given split of each of `paths`.

    As :func:`label_paths` does, but for files whose labels come from elsewhere: those may lie
    in the folder of a split itself.
    """
    folders = _list_folders(paths)
    if not _are_splits(folders):
        return [None] * len(paths)
    return [_find_split(parts) for parts in folders]


def _list_folders(paths: Sequence[str]) -> list[list[str]]:
    """Return the folders of each path, without those that hold everything."""
    folders = [path.split("/")[:-1] for path in paths]
    depth = _count_wrappers(folders)
    return [parts[depth:] for parts in folders]


def _count_wrappers(folders: Sequence[Sequence[str]]) -> int:
    """Count the leading folders that hold everything and have folders in them."""
    depth = 0
    inside = [parts for parts in folders if parts]
    while len({parts[depth] for parts in inside if len(parts) > depth}) == 1 and any(
        len(parts) > depth + 1 for parts in inside
    ):
        depth += 1
    return depth


def _are_splits(folders: Sequence[Sequence[str]]) -> bool:
    first = {parts[0].lower() for parts in folders if parts}
    return "train" in {SPLIT_FOLDERS.get(name) for name in first} and (
        first <= SPLIT_FOLDERS.keys()
    )


def _find_split(folders: Sequence[str]) -> str | None:
    return SPLIT_FOLDERS[folders[0].lower()] if folders else None


def _pick(folders: Sequence[str], index: int) -> str | None:
    return folders[index] if -len(folders) <= index < len(folders) else None
