"""The photographs that all contestants learn from and are tested on: one copy in two folders."""

import random
import shutil
from pathlib import Path

from benchmarks.ingest.pictures import choose_pictures, list_classes, open_pictures

TRAIN, TEST = "train", "test"
TEST_NAMES = (TEST, "val", "valid", "validation")  # of its folder; the first that is there
TESTED = 5  # one of so many pictures is for the test
SEED = 0  # of the choice, which is the same in each round

Classes = dict[str, list[Path]]


def prepare_photographs(data: Path, count: int, work: Path) -> Path:
    """Copy photographs to ``work/photographs/<train or test>/<class>/<number>.jpg``.

    A test that is given by the names of the folders stays the test; else a fifth of each class is
    drawn for it. Of `count` pictures a fifth are for the test, too, so that of a larger set as many
    of each class as of the others are drawn.

    Args:
        data: folder, tar or zip archive with pictures in ``.../<class>/``.
        count: how many at most.
        work: folder for the copies.

    Raises:
        ValueError: there are less than two classes, or one of them is missing in the test.
    """
    train, test = split_photographs(open_pictures(data, work))
    if len(train) < 2 or set(train) != set(test):  # noqa: PLR2004
        raise ValueError(f"{data}: classes {sorted(train)} to learn, {sorted(test)} in the test")
    target = work / "photographs"
    shutil.rmtree(target, ignore_errors=True)
    wanted = count // TESTED
    for name, classes, some in ((TRAIN, train, count - wanted), (TEST, test, wanted)):
        for number, path in enumerate(choose_pictures(classes, some)):
            copy = target / name / path.parent.name / f"{number:06}.jpg"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return target


def split_photographs(folder: Path) -> tuple[Classes, Classes]:
    """Return the pictures to learn from and those of the test, by class, each in a drawn order."""
    draw = random.Random(SEED)
    named = {name: list_classes(path) for name, path in _find_splits(folder).items()}
    given = next((name for name in TEST_NAMES if name in named), None)
    if given and TRAIN in named:
        train, test = named[TRAIN], named[given]
        for paths in [*train.values(), *test.values()]:
            draw.shuffle(paths)
        return train, test
    train, test = list_classes(folder), {}
    for name, paths in train.items():
        draw.shuffle(paths)
        held = len(paths) // TESTED
        train[name], test[name] = paths[held:], paths[:held]
    return train, {name: paths for name, paths in test.items() if paths}


def _find_splits(folder: Path) -> dict[str, Path]:
    """Return the folders that are named like a split, those nearest to the top."""
    found = sorted(path for path in folder.rglob("*") if path.is_dir())
    names = (TRAIN, *TEST_NAMES)
    return {path.name: path for path in reversed(found) if path.name in names}
