"""The pictures that all contestants read: a copy, in one folder per class."""

import shutil
import tarfile
import zipfile
from collections import defaultdict
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg"}


def prepare_pictures(data: Path, count: int, work: Path) -> Path:
    """Copy `count` pictures of `data` to ``work/images-<count>/<class>/<number>.jpg``.

    The names are numbers: CIFAR-10 has equal ones in its folders ``train`` and ``test``, which
    moreover mean a split to some contestants.

    Args:
        data: folder, tar or zip archive with pictures in ``.../<class>/``.
        count: how many; as many of each class, as far as they go.
        work: folder for the copies.

    Raises:
        ValueError: `data` holds fewer pictures.
    """
    classes = list_classes(open_pictures(data, work))
    chosen = choose_pictures(classes, count)
    if len(chosen) < count:
        raise ValueError(f"{data} holds {len(chosen)} pictures in class folders, not {count}")
    target = work / f"images-{count}"
    shutil.rmtree(target, ignore_errors=True)
    for name in classes:
        (target / name).mkdir(parents=True)
    for number, path in enumerate(chosen):
        shutil.copyfile(path, target / path.parent.name / f"{number:06}.jpg")
    return target


def open_pictures(data: Path, work: Path) -> Path:
    """Return the folder with the pictures of `data`: it, or what is in it if it is an archive."""
    if not data.is_file():
        return data
    folder = work / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    if zipfile.is_zipfile(data):
        with zipfile.ZipFile(data) as archive:
            archive.extractall(folder)
    else:
        with tarfile.open(data) as tar:
            tar.extractall(folder, filter="data")
    return folder


def list_classes(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures below `folder` by the name of the folder that each is in."""
    classes = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            classes[path.parent.name].append(path)
    return dict(sorted(classes.items()))


def choose_pictures(classes: dict[str, list[Path]], count: int) -> list[Path]:
    """Return at most `count` pictures, as many of each class as of the others."""
    longest = max(map(len, classes.values()), default=0)
    turns = (some[turn] for turn in range(longest) for some in classes.values() if turn < len(some))
    return [path for path, _ in zip(turns, range(count), strict=False)]
