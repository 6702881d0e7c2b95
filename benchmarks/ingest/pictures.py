"""The pictures that all contestants read: a copy, in one folder per class."""

import shutil
import tarfile
from collections import defaultdict
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg"}


def prepare_pictures(data: Path, count: int, work: Path) -> Path:
    """Copy `count` pictures of `data` to ``work/images-<count>/<class>/<number>.jpg``.

    The names are numbers: CIFAR-10 has equal ones in its folders ``train`` and ``test``, which
    moreover mean a split to some contestants.

    Args:
        data: folder or tar archive with pictures in ``.../<class>/``.
        count: how many; as many of each class, as far as they go.
        work: folder for the copies.

    Raises:
        ValueError: `data` holds fewer pictures.
    """
    classes = list_classes(_unpack(data, work) if data.is_file() else data)
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


def _unpack(archive: Path, work: Path) -> Path:
    folder = work / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
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
