"""What people call the splits of their data, as the names of folders and in tables."""

import re
from collections.abc import Iterable
from typing import NamedTuple

# Source: https://huggingface.co/docs/datasets/repository_structure, "Split names"; the others
# are those of VOC (trainval) and of many a folder at home (holdout).
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "trainval": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "holdout": "test",
}
# Words beside the split that say nothing: train_images, Training Set, test-data.
FILLERS = frozenset(
    {"data", "dataset", "folder", "images", "image", "imgs", "img", "jpeg", "jpg", "photos"}
    | {"pics", "pictures", "png", "set", "split", "subset"}
)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
WORD = re.compile(r"[^\W\d_]+")
COMPOUND = re.compile(rf"({'|'.join(SPLIT_FOLDERS)})({'|'.join(FILLERS)})?")


class SplitName(NamedTuple):
    """What the name of a folder says: the split, and the words beside it, such as ``seg``."""

    split: str
    stem: tuple[str, ...]


def read_split_name(name: str) -> SplitName | None:
    """Return what `name` says of a split; ``None`` if it names none, or more than one.

    ``train2017``, ``TrainSet`` and ``images_train`` name one, and so does ``seg_train``, whose
    stem is ``seg``; ``toy trains`` and ``training_test`` do not.
    """
    words = _list_words(name)
    found = {word: match[1] for word in words if (match := COMPOUND.fullmatch(word))}
    if len(found) != 1:
        return None
    stem = tuple(word for word in words if word not in found and word not in FILLERS)
    return SplitName(SPLIT_FOLDERS[found.popitem()[1]], stem)


def is_filler(name: str) -> bool:
    """Tell whether a folder called `name` says nothing of what is in it, as ``Images`` does."""
    words = _list_words(name)
    return bool(words) and FILLERS.issuperset(words)


def group_splits(names: Iterable[str]) -> list[dict[str, str]]:
    """Return those of `names` that are splits of one whole: the split of each, by its name.

    One name alone is none: ``test_tube`` and ``train_station`` differ in more than the split,
    and ``train`` may be a vehicle.
    """
    groups: dict[tuple[str, ...], dict[str, str]] = {}
    for name in sorted(names):
        found = read_split_name(name)
        if found:
            groups.setdefault(found.stem, {})[name] = found.split
    return [group for group in groups.values() if len(set(group.values())) > 1]


def _list_words(name: str) -> list[str]:
    return WORD.findall(CAMEL.sub(" ", name).lower())
