import struct

import numpy as np
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.images.decoding.decoder import decode_image
from onion_pipeline.images.index import index_images
from onion_pipeline.images.sources import open_source
from onion_pipeline.registry.golden_images import COUNT, draw_golden_images

SHAPE = (8, 10, 3)


def make_test_images(source, labels):
    """All files of `source`, as if they were its test images, in another order than it has."""
    splits = index_images(source)[["path", "sha256"]]
    images = np.zeros(len(splits), labelled_dtype(SHAPE))
    images["index"] = np.arange(len(splits))[::-1]
    images["label"] = labels[::-1]
    for row in images:
        row["image"] = decode_image(source.read(splits["path"][row["index"]]), SHAPE)
    return images, splits


@pytest.fixture
def folder(tmp_path, encode_picture):
    """Seventy pictures, of which two are of other classes than the rest."""
    (tmp_path / "all").mkdir()
    for number in range(70):
        (tmp_path / "all" / f"{number:02}.png").write_bytes(encode_picture(number))
    return tmp_path


LABELS = np.array([0] * 30 + [1] + [0] * 38 + [2])


def test_some_of_every_class_are_drawn_with_their_pixels_and_files(folder):
    source = open_source(folder)
    images, splits = make_test_images(source, LABELS)
    golden = draw_golden_images(source, images, splits, seed=1)
    assert len(golden.paths) == len(golden.rows) == COUNT
    assert {"all/30.png", "all/69.png"} < set(golden.paths)
    assert list(golden.rows) == sorted(set(golden.rows))
    for row, path, pixels, data in zip(*golden, strict=True):
        assert path == splits["path"][images["index"][row]]
        np.testing.assert_array_equal(decode_image(data, SHAPE), pixels)


def test_the_draw_depends_on_the_seed_alone(folder):
    source = open_source(folder)
    images, splits = make_test_images(source, LABELS)
    drawn = [draw_golden_images(source, images, splits, seed).paths for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_more_classes_than_are_drawn_otherwise_are_all_there(folder):
    source = open_source(folder)
    images, splits = make_test_images(source, np.arange(70))
    assert len(draw_golden_images(source, images, splits, seed=1).paths) == 70


def test_images_without_files_of_their_own_are_read_as_files_too(tmp_path):
    pixels = np.arange(3 * 8 * 10, dtype=np.uint8)
    for name, data in {
        "images-idx3-ubyte": struct.pack(">4I", 0x803, 3, 8, 10) + pixels.tobytes(),
        "labels-idx1-ubyte": struct.pack(">2I", 0x801, 3) + bytes(3),
    }.items():
        (tmp_path / f"t10k-{name}").write_bytes(data)
    source = open_source(tmp_path)
    images, splits = make_test_images(source, np.zeros(3, int))
    golden = draw_golden_images(source, images, splits, seed=1)
    for data, expected in zip(golden.encoded, golden.pixels, strict=True):
        np.testing.assert_array_equal(decode_image(data, SHAPE), expected)


@pytest.mark.parametrize("harm", ["changed", "unreadable"])
def test_a_file_that_is_no_longer_what_was_tested_is_an_error(folder, encode_picture, harm):
    source = open_source(folder)
    images, splits = make_test_images(source, LABELS)
    if harm == "changed":
        (folder / "all" / "30.png").write_bytes(encode_picture(99))
    else:
        (folder / "all" / "30.png").unlink()
    with pytest.raises(DataError, match=f"all/30.png of .* {harm}: .*--params images="):
        draw_golden_images(source, images, splits, seed=1)
