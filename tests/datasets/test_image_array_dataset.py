import base64
import io
import os
import weakref
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError
from PIL import Image

from onion_pipeline.datasets.image_array_dataset import (
    PREVIEW_COLUMNS,
    PREVIEW_IMAGES,
    PREVIEW_WIDTH,
    ImageArrayDataset,
)
from onion_pipeline.images.arrays import ArrayChunks
from onion_pipeline.storage.seals import write_sealed


@pytest.fixture
def dataset(tmp_path: Path) -> ImageArrayDataset:
    return ImageArrayDataset(filepath=str(tmp_path / "05_model_input" / "images.npy"))


def make_images(count: int, channels: int = 3) -> np.ndarray:
    shape = (count, 12, 10, channels)
    return np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)


def list_files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


def open_preview(dataset: ImageArrayDataset) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(dataset.preview())))


def test_a_temporary_array_goes_with_its_seal_when_it_is_released(tmp_path):
    dataset = ImageArrayDataset(filepath=str(tmp_path / "images.npy"), temporary=True)
    dataset.release()
    dataset.save(make_images(3))
    assert dataset.load().shape == (3, 12, 10, 3)
    dataset.release()
    assert list_files(tmp_path) == []


def test_a_temporary_array_is_made_again_though_it_was_made_of_the_same(tmp_path):
    made = []
    for temporary in (False, True, False):
        pieces = (made.append(temporary) or piece for piece in [make_images(2)])
        chunks = ArrayChunks(np.dtype(np.uint8), (12, 10, 3), pieces, "the same", rows=2)
        path = str(tmp_path / "images.npy")
        ImageArrayDataset(filepath=path, temporary=temporary).save(chunks)
    assert made == [False, True]


def test_an_array_that_is_not_temporary_stays(dataset):
    dataset.save(make_images(3))
    dataset.release()
    assert len(dataset.load()) == 3


def test_plain_images_come_back(dataset):
    dataset.save(make_images(3))
    np.testing.assert_array_equal(dataset.load(), make_images(3))


def test_labelled_images_come_back_with_their_fields(dataset, labelled_images):
    dataset.save(labelled_images)
    loaded = dataset.load()
    assert loaded.dtype == labelled_images.dtype
    assert loaded.tobytes() == labelled_images.tobytes()


@pytest.mark.parametrize("sizes", [[], [0], [3], [2, 0, 5], [1] * 12])
def test_an_array_in_pieces_is_saved_as_one(dataset, labelled_images, sizes):
    starts = np.cumsum([0, *sizes])
    pieces = [
        labelled_images[start : start + size] for start, size in zip(starts, sizes, strict=False)
    ]
    dataset.save(ArrayChunks(labelled_images.dtype, (), iter(pieces)))
    loaded = dataset.load()
    assert loaded.dtype == labelled_images.dtype
    assert loaded.tobytes() == labelled_images[: sum(sizes)].tobytes()


def test_plain_pieces_keep_their_shape(dataset):
    images = make_images(30)
    dataset.save(ArrayChunks(images.dtype, images.shape[1:], np.split(images, 5)))
    np.testing.assert_array_equal(dataset.load(), images)


def test_the_pieces_of_an_array_are_not_all_in_memory(dataset):
    made = []

    def make_pieces():
        for _ in range(20):
            piece = make_images(1)
            made.append(weakref.ref(piece))
            yield piece
            del piece
            assert sum(alive() is not None for alive in made) <= 1

    dataset.save(ArrayChunks(np.dtype(np.uint8), (12, 10, 3), make_pieces()))
    assert len(dataset.load()) == 20


def test_an_error_between_two_pieces_leaves_the_earlier_file(dataset, tmp_path):
    dataset.save(make_images(3))

    def fail():
        yield make_images(1)
        raise ValueError("no more")

    with pytest.raises(DatasetError, match="no more"):
        dataset.save(ArrayChunks(np.dtype(np.uint8), (12, 10, 3), fail()))
    assert len(dataset.load()) == 3
    assert list_files(tmp_path) == ["images.npy", "images.npy.seal"]


def test_loading_maps_the_file_read_only(dataset):
    dataset.save(make_images(3))
    loaded = dataset.load()
    assert isinstance(loaded, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 0


def test_a_save_leaves_one_file_and_its_seal(dataset, tmp_path):
    dataset.save(make_images(3))
    assert list_files(tmp_path) == ["images.npy", "images.npy.seal"]


def test_images_in_use_stay_as_they_are_while_others_are_saved(dataset):
    dataset.save(make_images(3))
    in_use = dataset.load()
    dataset.save(np.zeros_like(make_images(9)))
    np.testing.assert_array_equal(in_use, make_images(3))
    assert len(dataset.load()) == 9


def fail_half_way(file: Path, *_: object, **__: object) -> None:
    file.write_bytes(b"half")
    raise OSError("disk full")


def test_a_failed_save_keeps_the_earlier_file(dataset, tmp_path, monkeypatch):
    dataset.save(make_images(3))
    monkeypatch.setattr(np, "save", fail_half_way)
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(make_images(5))
    np.testing.assert_array_equal(dataset.load(), make_images(3))
    assert list_files(tmp_path) == ["images.npy", "images.npy.seal"]


def test_objects_are_not_pickled(dataset, tmp_path):
    with pytest.raises(DatasetError, match="allow_pickle"):
        dataset.save(np.array([object()]))
    assert not list_files(tmp_path)


def test_a_file_with_pickled_objects_is_not_loaded(tmp_path):
    path = tmp_path / "evil.npy"
    with write_sealed(path) as temporary:
        np.save(temporary, np.array([object()]), allow_pickle=True)
    with pytest.raises(DatasetError, match="Python objects"):
        ImageArrayDataset(filepath=str(path)).load()


def test_a_missing_file_does_not_exist_and_cannot_be_loaded(dataset):
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"images\.npy"):
        dataset.load()


def test_a_saved_file_exists(dataset):
    dataset.save(make_images(1))
    assert dataset.exists()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 9, PREVIEW_IMAGES, 3 * PREVIEW_IMAGES])
def test_the_preview_is_a_picture_of_the_images(dataset, count, channels):
    dataset.save(make_images(count, channels))
    picture = open_preview(dataset)
    rows = -(-min(count, PREVIEW_IMAGES) // PREVIEW_COLUMNS)
    assert picture.format == "PNG"
    assert picture.width >= PREVIEW_WIDTH
    assert picture.height / rows == pytest.approx(picture.width / PREVIEW_COLUMNS * 14 / 12)
    assert np.asarray(picture).std() > 1


def test_the_preview_of_labelled_images_shows_their_pixels(dataset, labelled_images):
    dataset.save(labelled_images)
    labelled = dataset.preview()
    dataset.save(labelled_images["image"])
    assert dataset.preview() == labelled


def test_the_preview_shows_the_first_and_the_last_image(dataset):
    images = np.full((1000, 12, 10, 1), 100, np.uint8)
    images[0], images[-1] = 1, 2
    dataset.save(images)
    assert {1, 2, 100} <= set(np.unique(np.asarray(open_preview(dataset))))


def test_its_text_names_the_file_and_its_metadata_is_kept():
    dataset = ImageArrayDataset(filepath="some/images.npy", metadata={"a": 1})
    assert "images.npy" in str(dataset)
    assert dataset.metadata == {"a": 1}


@pytest.fixture
def save(dataset, labelled_images):
    """A function that saves images of this origin, and says whether they had to be made."""

    def save(array_origin, count=12, written=12):
        asked = []

        def make():
            asked.append(True)
            yield labelled_images[:written]

        dataset.save(ArrayChunks(labelled_images.dtype, (), make(), array_origin, count))
        assert len(dataset.load()) == written
        return bool(asked)

    return save


def test_what_was_made_of_the_same_is_not_made_again(save):
    assert [save("a"), save("a"), save("b"), save("b"), save("a")] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_without_an_origin_all_is_made_each_time(save):
    assert [save(None), save(None), save("a"), save(None), save("a")] == [True] * 5


def test_a_file_that_lacks_rows_is_made_again(save):
    assert [save("a", written=11), save("a"), save("a")] == [True, True, False]


def test_a_changed_byte_of_the_file_is_noticed(save, dataset, tmp_path):
    save("a")
    path = tmp_path / "05_model_input" / "images.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(0, 0))  # not in the same tick of the clock
    with pytest.raises(DatasetError, match=r"images\.npy is not what was written"):
        dataset.load()
    assert save("a")
    assert not save("a")


@pytest.mark.parametrize("text", ["", "{}", '{"array_origin": "a"}', '{"checksum": 1}', "no"])
def test_a_seal_that_was_edited_counts_for_nothing(save, tmp_path, text):
    save("a")
    (tmp_path / "05_model_input" / "images.npy.seal").write_text(text)
    assert save("a")


def test_another_array_in_its_place_is_noticed(save, dataset, labelled_images):
    save("a")
    dataset.save(labelled_images[:3])
    assert save("a")


def test_a_failure_while_it_is_made_leaves_the_old_file_and_no_wrong_origin(
    save, dataset, labelled_images
):
    save("a")

    def fail():
        yield labelled_images[:1]
        raise RuntimeError

    with pytest.raises(DatasetError):
        dataset.save(ArrayChunks(labelled_images.dtype, (), fail(), "b", 12))
    assert len(dataset.load()) == 12
    assert save("b")
