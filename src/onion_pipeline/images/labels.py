"""How the folders of a source become labels and, where the user has made them, splits."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

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


def label_paths(paths: Sequence[str]) -> list[Labelled]:
    """Return the label and the given split of each of `paths`.

    The label is the first folder. Folders that wrap everything, as archives often have,
    are passed over, and a first level made of ``train``, ``validation`` (``val``, ``valid``)
    and ``test`` folders alone is the split, with the label below it.
    """
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    depth = _count_wrappers(folders)
    folders = [parts[depth:] for parts in folders]
    if not _are_splits(folders):
        return [Labelled(parts[0] if parts else None, None) for parts in folders]
    return [
        Labelled(
            parts[1] if len(parts) > 1 else None,
            SPLIT_FOLDERS[parts[0].lower()] if parts else None,
        )
        for parts in folders
    ]


def _count_wrappers(folders: Sequence[tuple[str, ...]]) -> int:
    """Count the leading folders that hold everything and have folders in them."""
    depth = 0
    inside = [parts for parts in folders if parts]
    while len({parts[depth] for parts in inside if len(parts) > depth}) == 1 and any(
        len(parts) > depth + 1 for parts in inside
    ):
        depth += 1
    return depth


def _are_splits(folders: Sequence[tuple[str, ...]]) -> bool:
    first = {parts[0].lower() for parts in folders if parts}
    nested = any(len(parts) > 1 for parts in folders)
    return (
        nested
        and "train" in {SPLIT_FOLDERS.get(name) for name in first}
        and (first <= SPLIT_FOLDERS.keys())
    )
