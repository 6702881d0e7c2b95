"""The classes that were found, as one looks at them: how many pictures each has, and odd names."""

import unicodedata
from collections.abc import Mapping

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import list_some
from onion_pipeline.images.labels import normalize_text
from onion_pipeline.images.quarantine import HARMLESS
from onion_pipeline.images.split_names import group_splits

SHOWN = 10  # classes in a line
# What nobody sees in a name: controls, marks of direction and of nothing (Cf), separators.
INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def count_classes(files: DataFrame) -> dict[str, int]:
    """Return how many of `files` each class has, by its name; column ``label``."""
    return {str(label): int(count) for label, count in files.groupby("label").size().items()}


def describe_classes(counts: Mapping[str, int]) -> str:
    """Return the classes and their numbers of pictures in a line; of many, the first ones."""
    shown = [f"{name} ({count})" for name, count in counts.items()]
    if shown:
        pictures = "picture)" if shown[0].endswith("(1)") else "pictures)"
        shown[0] = f"{shown[0][:-1]} {pictures}"
    classes = f"{len(counts)} classes" if len(counts) != 1 else "1 class"
    line = f"{classes}: {list_some(shown, SHOWN) or 'none'}"
    if len(counts) <= SHOWN:
        return line
    smallest, largest = (choose(counts, key=counts.__getitem__) for choose in (min, max))
    return (
        f"{line}; the smallest is {smallest} ({counts[smallest]}), "
        f"the largest {largest} ({counts[largest]})"
    )


def describe_lost(index: DataFrame) -> str | None:
    """Return a warning of classes of which every picture in `index` is refused, if there are any.

    Its columns are ``label``, and ``reason`` where a file is refused.
    """
    refused = index[index["reason"].notna() & ~index["reason"].isin(HARMLESS)]
    kept = index.loc[index["reason"].isna(), "label"]
    lost = count_classes(refused[~refused["label"].isin(kept)])
    if not lost:
        return None
    return (
        f"No picture can be used of {describe_classes(lost)}. The network will know nothing of "
        "them; the quarantine says what is wrong."
    )


def describe_lookalikes(counts: Mapping[str, int]) -> str | None:
    """Return a warning of names that differ by nothing but capitals, blanks and what is unseen."""
    alike: dict[str, list[str]] = {}
    for name in counts:
        alike.setdefault(_simplify(name), []).append(name)
    groups = [group for group in alike.values() if len(group) > 1]
    if not groups:
        return None
    # Not as they are: a blank at the end, or one without a width, would not be seen.
    listed = [" and ".join(f"{name!r} ({counts[name]})" for name in group) for group in groups]
    return (
        "Names that differ only by capitals, blanks or what cannot be seen are probably one "
        f"class, and are taken as several: {list_some(listed, SHOWN, ';')}. If they are one, give "
        "them one name."
    )


def describe_inner_splits(index: DataFrame) -> str | None:
    """Return a warning of folders in those of the classes that are named as splits and ignored.

    The columns of `index` are ``path``, ``label`` and ``split``.
    """
    if index.empty or index["split"].notna().any():
        return None
    folders = index["path"].str.rpartition("/")[0]
    inner: set[str] = set()
    for folder, label in set(zip(folders, index["label"], strict=True)):
        _, found, below = f"/{normalize_text(folder)}/".partition(f"/{label}/")
        if found and below:
            inner.add(below.split("/")[0])
    named = sorted(name for group in group_splits(inner) for name in group)
    if not named:
        return None
    return (
        f"The folders {', '.join(named)} in those of the classes are named as splits, and are not "
        "kept as such: the splits are drawn anew. To keep them, put the splits above the classes, "
        f"{named[0]}/<class>/<picture>, or name the pictures in a table with a column split."
    )


def _simplify(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign) not in INVISIBLE)
