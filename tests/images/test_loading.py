import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError, InterruptedRunError
from onion_pipeline.images import arrays, loading
from onion_pipeline.images.arrays import make_keys
from onion_pipeline.images.decoding.decoder import (
    DEFAULT_RENDERING,
    RejectedImageError,
    Rendering,
    decode_image,
)
from onion_pipeline.images.decoding.opening import MAX_BYTES
from onion_pipeline.images.index import index_images
from onion_pipeline.images.loading import decode_images, read_file, read_indexed_file
from onion_pipeline.images.sources import ImageSource, open_source
from onion_pipeline.workers import parallel

SHAPE = (12, 16, 3)


@pytest.fixture
def source(photo_folder: Path) -> ImageSource:
    return open_source(photo_folder)


def decode(source: ImageSource, rendering: Rendering = DEFAULT_RENDERING) -> np.ndarray:
    return decode_images(source, index_images(source), SHAPE, rendering).gather()


def make_key(data: bytes) -> int:
    return int(make_keys(pd.Series([hashlib.sha256(data).hexdigest()]))[0])


def test_images_are_decoded_in_the_order_of_the_index(photo_folder, source):
    decoded = decode(source)
    for row, path in enumerate(source.paths):
        expected = decode_image((photo_folder / path).read_bytes(), SHAPE)
        np.testing.assert_array_equal(decoded["image"][row], expected)
    assert decoded["index"].tolist() == list(range(20))
    assert decoded["key"].tolist() == make_keys(index_images(source)["sha256"]).tolist()


def test_files_that_the_index_refuses_are_not_decoded(photo_folder):
    (photo_folder / "blue" / "a.jpg").write_bytes(b"no picture")
    decoded = decode(open_source(photo_folder))
    assert 10 not in decoded["index"]
    assert len(decoded) == 20


def test_a_file_with_broken_pixels_has_no_row(photo_folder, source):
    photo = photo_folder / "blue" / "5.jpg"
    photo.write_bytes(photo.read_bytes()[:-20])
    decoded = decode(source)
    assert len(decoded) == 19
    assert 5 not in decoded["index"]


def test_a_file_that_has_changed_since_has_no_row(photo_folder, source):
    index = index_images(source)
    (photo_folder / "blue" / "3.jpg").write_bytes((photo_folder / "red" / "3.jpg").read_bytes())
    decoded = decode_images(source, index, SHAPE, DEFAULT_RENDERING).gather()
    assert set(range(20)) - set(decoded["index"]) == {3}


def test_chunks_and_workers_make_no_difference(source, monkeypatch):
    whole = decode(source)
    monkeypatch.setattr(arrays, "count_rows", lambda _: 3)
    assert decode(source).tobytes() == whole.tobytes()
    monkeypatch.setattr(parallel, "count_processors", lambda: 2)
    assert decode(source).tobytes() == whole.tobytes()


def test_nothing_is_read_before_the_pixels_are_wanted(source, monkeypatch):
    index = index_images(source)
    monkeypatch.setattr(loading, "decode_image", lambda *_: pytest.fail("decoded"))
    decode_images(source, index, SHAPE, DEFAULT_RENDERING)


def test_the_rendering_reaches_the_pixels(photo_folder):
    source = open_source(photo_folder)
    index = index_images(source)
    padded = decode_images(source, index, (16, 16, 3), Rendering("pad", "black")).gather()
    assert not padded["image"][:, 0].any()
    assert padded["image"][:, 8].any()


def test_a_file_is_read_if_it_is_the_one_that_was_indexed(photo_folder, source):
    data = (photo_folder / "red" / "0.jpg").read_bytes()
    assert read_indexed_file(source, "red/0.jpg", make_key(data)) == data
    with pytest.raises(RejectedImageError, match="changed: the file is not what it was"):
        read_indexed_file(source, "red/1.jpg", make_key(data))


class Broken:
    """A source of one file whose reading fails."""

    def __init__(self, size: int = 1, error: Exception | None = None) -> None:
        self.size, self.error = size, error

    def measure(self, path: str) -> int:
        return self.size

    def read(self, path: str) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        OSError("I/O error"),
        PermissionError("not yours"),
        FileNotFoundError("gone"),
        TimeoutError("no answer"),
        ValueError("a damaged member"),
        NotImplementedError("a method of compression"),
        EOFError("cut short"),
    ],
)
def test_what_cannot_be_read_is_unreadable_with_its_cause(error):
    with pytest.raises(RejectedImageError, match=rf"unreadable: {type(error).__name__}: ") as found:
        read_file(Broken(error=error), "a.jpg")
    assert str(error) in found.value.detail


@pytest.mark.parametrize("error", [MemoryError(), InterruptedRunError("Stopped"), DataError("no")])
def test_what_is_no_fault_of_the_file_ends_the_run(error):
    with pytest.raises(type(error)):
        read_file(Broken(error=error), "a.jpg")


def test_a_file_above_the_limit_is_not_read():
    source = Broken(MAX_BYTES + 1, AssertionError("it was read"))
    with pytest.raises(RejectedImageError, match="too_many_bytes"):
        read_file(source, "a.jpg")


def test_the_origin_is_of_bytes_and_parameters_alone(photo_folder):
    """A changed byte or parameter is noticed; a file that was only touched is none."""

    def describe(shape=(8, 8, 3), **changes):
        source = open_source(photo_folder)
        rendering = Rendering(**changes)
        return decode_images(source, index_images(source, rendering), shape, rendering).origin

    before = describe()
    picture = photo_folder / "red" / "3.jpg"
    picture.touch()
    assert describe() == before
    assert describe((8, 9, 3)) != before
    assert describe(resize="crop") != before
    assert describe(background="black") != before
    whole = picture.read_bytes()
    picture.write_bytes(whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:])
    assert describe() != before
    picture.write_bytes(whole)
    assert describe() == before
    picture.rename(picture.with_name("9b.jpg"))
    assert describe() != before
