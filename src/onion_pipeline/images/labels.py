"""How the folders of a source become labels and, where the user has made them, splits."""

from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import is_normalized, normalize

from onion_pipeline.errors import ConfigurationError, DataError
from onion_pipeline.images.layouts import Layout, find_layout
from onion_pipeline.images.split_names import group_splits


class Labelled(NamedTuple):
    """The label and the split that a path's folders name; ``None`` where they name none."""

    label: str | None
    split: str | None


def label_paths(
    paths: Sequence[str], level: int | None = None, *, strict: bool = True
) -> list[Labelled]:
    """Return the label and the given split of each of `paths`.

    The label is a folder, the first unless `level` says otherwise. Folders that wrap everything,
    as archives often have, are passed over. Where the first level is made of splits alone, such
    as ``train``, ``val`` and ``Test Set``, it is the split, with the labels below it; see
    :mod:`onion_pipeline.images.layouts`. Labels are in NFC.

    Args:
        paths: relative to the root of their source, in any order.
        level: which folder is the label, from the outside (1 is the first below wrappers and
            splits, 2 the next) or the inside (-1 is the one that the file lies in). A path
            with no such folder has no label. With another level than 1, folders that are no
            clear splits are folders as any other.
        strict: whether it is an error if the folders do not tell what the classes are.

    Raises:
        ConfigurationError: `level` is 0.
        DataError: folders of splits and of classes are mixed, or hold a copy of themselves.
    """
    if level == 0:
        raise ConfigurationError(
            "label level 0 names no folder: 1 is the outermost, 2 the next, -1 the innermost."
        )
    layout = find_layout(paths)
    if strict and layout.problem and level in {None, 1}:
        raise DataError(layout.problem)
    index = level - 1 if level is not None and level > 0 else level or 0
    folders = [path.rpartition("/")[0] for path in paths]
    found = {folder: _label(folder, layout, index) for folder in set(folders)}
    if strict:
        _check_labels({labelled.label for labelled in found.values() if labelled.label})
    return [found[folder] for folder in folders]


def normalize_text(text: str) -> str:
    """Return `text` in NFC: as folders and tables spell it, a name has one or two forms."""
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def _label(folder: str, layout: Layout, index: int) -> Labelled:
    parts = folder.split("/") if folder else []
    depth = len(layout.wrapper)
    if tuple(parts[:depth]) != layout.wrapper:
        return Labelled(None, None)  # notes beside what wraps all pictures
    parts = parts[depth:]
    if not layout.splits:
        return Labelled(_pick(parts, index), None)
    name = parts[0] if parts else ""
    if name not in layout.splits:
        return Labelled(None, None)
    return Labelled(_pick(parts[1 + layout.inner[name] :], index), layout.splits[name])


def _pick(folders: Sequence[str], index: int) -> str | None:
    return normalize_text(folders[index]) if -len(folders) <= index < len(folders) else None


def _check_labels(labels: set[str]) -> None:
    """Stop where each class would be a split, as of <class>/train/<picture> by the innermost."""
    if any(group.keys() == labels for group in group_splits(labels)):
        raise DataError(
            f"The classes would be {', '.join(sorted(labels))}, which are named as splits. Choose "
            "the level of the folders that are classes: --params ingest.label_level=1 (the "
            "outermost), 2, ... or -1 (the innermost); if these are, rename them."
        )
