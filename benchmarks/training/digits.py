"""The pictures that all contestants read, four IDX files, and how the peers read them."""

import gzip
import shutil
import struct
from pathlib import Path

import numpy as np

HEADERS = {"images": 16, "labels": 8}  # bytes before the first picture or label
HELD_OUT = 12  # one of so many training pictures is for validation
SETS = ("train", "t10k")


def prepare_digits(source, count, work):
    """Copy the first `count` training pictures and a sixth as many for the test.

    Args:
        source: folder with the four compressed IDX files of Fashion-MNIST or another MNIST.
        count: how many.
        work: folder for the copy, ``digits-<count>``.

    Raises:
        ValueError: `source` holds fewer pictures.
    """
    target = work / f"digits-{count}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, wanted in zip(SETS, (count, count // 6), strict=True):
        images, labels = read_images(source, name), read_labels(source, name)
        if len(images) < wanted:
            raise ValueError(f"{source} holds {len(images)} pictures of {name}, not {wanted}")
        write_set(target, name, images[:wanted], labels[:wanted])
    return target


def write_set(folder, name, images, labels):
    """Write compressed IDX files of `images`, uint8 (N, H, W), and `labels`."""
    for kind, magic, values in (("images", 0x803, images), ("labels", 0x801, labels)):
        header = struct.pack(f">{1 + values.ndim}I", magic, *values.shape)
        data = header + values.astype(np.uint8).tobytes()
        _find_file(folder, name, kind).write_bytes(gzip.compress(data, 6))


def read_images(folder, name):
    """Return the pictures of the set `name`, uint8 (N, H, W)."""
    data = _read(folder, name, "images")
    height, width = struct.unpack(">II", data[8:16])
    return np.frombuffer(data, np.uint8, offset=HEADERS["images"]).reshape(-1, height, width)


def read_labels(folder, name):
    """Return the labels of the set `name`, int64."""
    data = _read(folder, name, "labels")
    return np.frombuffer(data, np.uint8, offset=HEADERS["labels"]).astype(np.int64)


def split_digits(folder, seed):
    """Return pictures and labels for training, validation and test.

    One picture of twelve is held out for validation, drawn at random.
    """
    images, labels = read_images(folder, "train"), read_labels(folder, "train")
    order = np.random.default_rng(seed).permutation(len(images))
    held, kept = np.split(order, [len(images) // HELD_OUT])
    test = read_images(folder, "t10k"), read_labels(folder, "t10k")
    return (images[kept], labels[kept]), (images[held], labels[held]), test


def _read(folder, name, kind):
    return gzip.decompress(_find_file(folder, name, kind).read_bytes())


def _find_file(folder, name, kind):
    number = {"images": 3, "labels": 1}[kind]
    return Path(folder) / f"{name}-{kind}-idx{number}-ubyte.gz"
