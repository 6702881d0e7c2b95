"""How the folders of a source are laid out: what wraps them, which are splits, what is odd.

Only folders with pictures count, as notes and boxes lie beside them. Of those below what wraps
everything:

- all of them are splits (``train``, ``val``, ``Test Set``, ``seg_train`` with ``seg_test``), one is
  for training, and there are folders in them: these are the classes;
- none is named as a split: they are the classes;
- one ``train`` or ``valid`` without folders in it beside others is a class too, as a vehicle is;
- whatever else has a split among its names, or classes in splits in one folder beside others, and
  what holds a copy of itself, is a problem.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from onion_pipeline.errors import list_some
from onion_pipeline.images import split_names
from onion_pipeline.images.suffixes import may_be_picture

# Splits whose names are also those of things: of a vehicle, of what is not invalid.
THINGS = frozenset({"train", "valid"})
Folders = Sequence[tuple[str, ...]]


class Layout(NamedTuple):
    """How folders are laid out.

    Args:
        wrapper: the folders that hold everything, from the outside.
        splits: the split that each folder below names; empty where these are no splits.
        inner: for each of these, how many folders in it hold everything in it.
        problem: why it cannot be told what the classes are, and what to do.
    """

    wrapper: tuple[str, ...] = ()
    splits: Mapping[str, str] = {}
    inner: Mapping[str, int] = {}
    problem: str | None = None


def find_layout(paths: Sequence[str]) -> Layout:
    """Return how the folders of `paths` are laid out; their order does not matter."""
    folders = _list_folders(paths)
    wrapper = _find_wrapper(folders)
    depth = len(wrapper)
    below = sorted({parts[depth:] for parts in folders if len(parts) > depth})
    copied = _find_copy(below, paths, wrapper)
    if copied:
        folder = "/".join((*wrapper, copied))
        return Layout(
            wrapper,
            problem=f"The folder {folder} holds the pictures beside it once more, under the same "
            "names. Remove it, or name it alone, unpacked where it is in an archive: "
            f"--params images=.../{folder}",
        )
    splits, problem = _find_splits(below)
    inner = {name: _count_inner(name, below) for name in splits}
    return Layout(wrapper, splits, inner, problem)


def _list_folders(paths: Sequence[str]) -> set[tuple[str, ...]]:
    """Return the folders that pictures lie in; if no file can be one, those of all files."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        if folder not in found and may_be_picture(path):
            found.add(folder)
    names = found or {path.rpartition("/")[0] for path in paths}
    return {tuple(name.split("/")) for name in names if name}


def _find_wrapper(folders: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the outermost folders that hold everything and have folders in them."""
    depth = 0
    while len({parts[depth] for parts in folders if len(parts) > depth}) == 1 and any(
        len(parts) > depth + 1 for parts in folders
    ):
        depth += 1
    return next((parts[:depth] for parts in folders if len(parts) >= depth), ())


def _find_splits(folders: Folders) -> tuple[dict[str, str], str | None]:
    """Return the split of each first folder, or why there is none though some are named so."""
    names = {parts[0] for parts in folders}
    groups = split_names.group_splits(names)
    if not groups:
        return {}, _find_lone_split(names, folders) or _find_deeper_splits(folders)
    splits = {name: split for group in groups for name, split in group.items()}
    if len(groups) > 1 or splits.keys() != names:
        return {}, _describe_mixture(splits, names - splits.keys())
    if "train" not in splits.values():
        return {}, (
            f"{list_some(sorted(splits))} are named as splits, and none is for training. Name a "
            "folder that has one, <folder>/train/<class>/<picture>, or rename one of them to "
            "train; if they are classes, rename them."
        )
    if all(len(parts) == 1 for parts in folders):
        return splits, (
            f"{list_some(sorted(splits))} are named as splits, and pictures lie in them without "
            "a folder for each class. Make it <split>/<class>/<picture>, or name the classes in a "
            "table (columns path, label, split); if they are classes, rename them."
        )
    return splits, None


def _find_lone_split(names: set[str], folders: Folders) -> str | None:
    lone = {name for name in names if name.lower() in split_names.SPLIT_FOLDERS}
    are_things = all(name.lower() in THINGS for name in lone)
    deep = any(len(parts) > 1 and parts[0] in lone for parts in folders)
    if not lone or lone == names or (are_things and not deep):
        return None
    return _describe_mixture(lone, names - lone)


def _find_deeper_splits(folders: Folders) -> str | None:
    """Return what to do if a folder beside others holds splits, and these hold the classes.

    Where each folder holds splits, they are classes that were split one by one.
    """
    deeper: dict[str, set[str]] = {}
    for parts in folders:
        if len(parts) > 2:  # noqa: PLR2004 - what would be the class, the split, and a folder in it
            deeper.setdefault(parts[0], set()).add(parts[1])
    found = {name: split_names.group_splits(inside) for name, inside in sorted(deeper.items())}
    holding = [name for name, groups in found.items() if groups]
    others = {parts[0] for parts in folders} - {*holding}
    if not holding or not others:
        return None
    name = holding[0]
    splits = [split for group in found[name] for split in group]
    return (
        f"The folder {name} holds {list_some(sorted(splits))}, which are named as splits and hold "
        f"folders, but lies beside {list_some(sorted(others))}: what the classes are cannot be "
        f"told. To read it alone: --params images=.../{name}, unpacked where it is in an archive. "
        "If it is a class, rename the folders in it; if the innermost folders are the classes, and "
        "splits may be drawn: --params ingest.label_level=-1."
    )


def _describe_mixture(splits: Iterable[str], others: Iterable[str]) -> str:
    beside = (
        f"beside {list_some(sorted(others))}, which are not" if others else "in more than one way"
    )
    return (
        f"Folders with pictures are named as splits, {list_some(sorted(splits))}, {beside}: what "
        "the classes are cannot be told. Move what is neither split nor class elsewhere; rename a "
        "class that is named as a split; or count the folders from the outside, and have the "
        "splits drawn: --params ingest.label_level=2 (-1 is the innermost)."
    )


def _count_inner(split: str, folders: Folders) -> int:
    """Count the folders in that of a `split` that hold all of it and say nothing new."""
    inside = [parts[1:] for parts in folders if parts[0] == split]
    said = split_names.read_split_name(split)
    depth = 0
    while len(names := {parts[depth] for parts in inside if len(parts) > depth}) == 1:
        (name,) = names
        if not split_names.is_filler(name) and split_names.read_split_name(name) != said:
            break
        depth += 1
    return depth


def _find_copy(folders: Folders, paths: Sequence[str], wrapper: tuple[str, ...]) -> str | None:
    """Return the first folder of which half the pictures, or more, lie beside it as well."""
    firsts = {parts[0] for parts in folders}
    twins = {parts[0] for parts in folders if {*parts[1:2]} & (firsts - {parts[0]})}
    twins = {name for name in twins if not split_names.read_split_name(name)}
    if not twins:
        return None
    start = len("/".join((*wrapper, "")))
    known = {path[start:] for path in paths if may_be_picture(path)}
    for name in sorted(twins):
        inside = [path for path in known if path.startswith(f"{name}/")]
        if 2 * sum(path[len(name) + 1 :] in known for path in inside) >= len(inside):
            return name
    return None
