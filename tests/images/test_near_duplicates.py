import io

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.images import near_duplicates
from onion_pipeline.images.arrays import decoded_dtype
from onion_pipeline.images.duplicates import join_pairs
from onion_pipeline.images.near_duplicates import find_near_duplicates


def draw_pictures(count: int, size: int = 48, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Pictures with structure at all scales, as photographs have it, and all different."""
    generator = np.random.default_rng(seed)
    pictures = np.zeros((count, size, size, channels))
    for picture in pictures:
        for scale in (1, 2, 4, 8, 16):
            coarse = generator.normal(0, scale, (max(2, size // scale),) * 2 + (channels,))
            for channel in range(channels):
                part = Image.fromarray(coarse[..., channel].astype(np.float32))
                picture[..., channel] += np.asarray(part.resize((size, size), Image.BICUBIC))
    low, high = (np.quantile(pictures, q, axis=(1, 2, 3), keepdims=True) for q in (0.01, 0.99))
    return (np.clip((pictures - low) / (high - low), 0, 1) * 235 + 5).astype(np.uint8)


def to_image(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture.squeeze(-1) if picture.shape[2] == 1 else picture)


def to_array(image: Image.Image, like: np.ndarray) -> np.ndarray:
    size = like.shape[1::-1]
    resized = image if image.size == size else image.resize(size, Image.BILINEAR)
    return np.asarray(resized).reshape(like.shape)


def encode_again(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    to_image(picture).save(file, "JPEG", quality=quality)
    return to_array(Image.open(file), picture)


def resize(picture: np.ndarray, width: float, height: float) -> np.ndarray:
    sides = (round(picture.shape[1] * width), round(picture.shape[0] * height))
    return to_array(to_image(picture).resize(sides, Image.BILINEAR), picture)


def crop(picture: np.ndarray, left: float, top: float, right: float, low: float) -> np.ndarray:
    height, width = picture.shape[:2]
    box = (left * width, top * height, (1 - right) * width, (1 - low) * height)
    image = to_image(picture).resize((width, height), Image.BILINEAR, box=box)
    return to_array(image, picture)


def brighten(picture: np.ndarray, factor: float, offset: int = 0) -> np.ndarray:
    return np.clip(picture * factor + offset, 0, 255).astype(np.uint8)


CHANGES = {
    "encoded at 50": lambda picture: encode_again(picture, 50),
    "encoded at 90": lambda picture: encode_again(picture, 90),
    "halved": lambda picture: resize(picture, 0.5, 0.5),
    "narrowed": lambda picture: resize(picture, 0.75, 1.3),
    "cropped all around": lambda picture: crop(picture, 0.025, 0.025, 0.025, 0.025),
    "cropped by 5 % a side": lambda picture: crop(picture, 0.05, 0.05, 0.05, 0.05),
    "cropped at the left": lambda picture: crop(picture, 0.05, 0, 0, 0),
    "cropped at a corner": lambda picture: crop(picture, 0, 0.05, 0.05, 0),
    "brightened": lambda picture: brighten(picture, 1.2),
    "much brightened": lambda picture: brighten(picture, 1.3),
    "lifted": lambda picture: brighten(picture, 1.0, 30),
    "darkened": lambda picture: brighten(picture, 0.7),
    "cropped and encoded": lambda picture: encode_again(crop(picture, 0, 0.05, 0, 0), 70),
    "resized and brightened": lambda picture: brighten(resize(picture, 0.7, 0.7), 1.15),
}


def list_found(images: np.ndarray) -> list[tuple[int, int]]:
    pairs = find_near_duplicates(images)
    return list(zip(pairs["first"], pairs["second"], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("size", "channels"), [(32, 3), (48, 1), (96, 3)])
@pytest.mark.parametrize("change", CHANGES)
def test_a_planted_copy_is_found_and_nothing_else(change, size, channels):
    pictures = draw_pictures(40, size, channels)
    copies = np.stack([CHANGES[change](picture) for picture in pictures[10:20]])
    found = list_found(np.concatenate([pictures, copies]))
    assert found == [(10 + number, 40 + number) for number in range(10)]


def test_different_pictures_stay_apart():
    assert list_found(draw_pictures(300, 28)) == []


def test_handwritten_ones_are_not_all_the_same():
    """Strokes of the same slant: what a rule made for photographs would take for copies."""
    images = np.zeros((200, 28, 28, 1), np.uint8)
    generator = np.random.default_rng(0)
    for image in images:
        slant, thick, top = generator.normal(0, 0.25), generator.uniform(1, 3), generator.uniform()
        rows = np.arange(4 + round(3 * top), 24)
        middle = 14 + slant * (rows - 14) + generator.normal(0, 0.8) * np.sin(rows / 5)
        distance = np.abs(np.arange(28)[None] - middle[:, None])
        image[rows, :, 0] = np.clip((thick + 1 - distance) * 255, 0, 255)
    pairs = find_near_duplicates(images)
    clusters = join_pairs(200, pairs["first"].to_numpy(), pairs["second"].to_numpy())
    assert np.bincount(clusters).max() <= 12


def test_equal_pixels_are_paired_with_the_first_of_them():
    pictures = draw_pictures(6)
    pairs = find_near_duplicates(pictures[[0, 1, 2, 1, 3, 1]])
    assert pairs.to_numpy().tolist() == [[1, 3, 1.0], [1, 5, 1.0]]


@pytest.mark.parametrize("channels", [1, 3])
def test_blank_pictures_are_alike_only_if_equal(channels):
    values = [0, 0, 255, 100, 101]
    blank = np.stack([np.full((28, 28, channels), value, np.uint8) for value in values])
    assert list_found(np.concatenate([blank, draw_pictures(10, 28, channels)])) == [(0, 1)]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_pictures_are_no_trouble(count):
    pairs = find_near_duplicates(draw_pictures(3, 28)[:count])
    assert pairs.empty
    assert pairs.dtypes.astype(str).to_dict() == {
        "first": "int64",
        "second": "int64",
        "similarity": "float64",
    }


def test_two_pictures_can_be_near_duplicates():
    (picture,) = draw_pictures(1)
    assert list_found(np.stack([picture, encode_again(picture, 80)])) == [(0, 1)]


@pytest.mark.parametrize("shape", [(1, 1), (2, 40), (28, 9)])
def test_any_size_can_be_searched(shape):
    images = np.random.default_rng(0).integers(0, 256, (12, *shape, 3), dtype=np.uint8)
    assert list_found(np.concatenate([images, images[:1]])) == [(0, 12)]


def test_the_table_is_sorted_and_in_range():
    pictures = draw_pictures(30)
    copies = [encode_again(picture, 60) for picture in pictures]
    pairs = find_near_duplicates(np.concatenate([pictures, copies]))
    assert (pairs["first"] < pairs["second"]).all()
    assert pairs["similarity"].between(0.9, 1).all()
    assert pairs[["first", "second"]].apply(tuple, axis=1).is_monotonic_increasing


def test_chunks_make_no_difference(monkeypatch):
    pictures = draw_pictures(60, 28)
    images = np.concatenate([pictures, [encode_again(picture, 70) for picture in pictures[:20]]])
    whole = find_near_duplicates(images)
    monkeypatch.setattr(near_duplicates, "CHUNK", 7)
    monkeypatch.setattr(near_duplicates, "BATCH", 3)
    cut = find_near_duplicates(images)
    assert cut[["first", "second"]].equals(whole[["first", "second"]])
    np.testing.assert_allclose(cut["similarity"], whole["similarity"], atol=1e-5)


def test_mapped_rows_can_be_searched(tmp_path):
    pictures = draw_pictures(20, 28)
    rows = np.zeros(21, decoded_dtype(pictures.shape[1:]))
    rows["image"] = np.concatenate([pictures, pictures[3:4]])
    np.save(tmp_path / "images.npy", rows)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert list_found(mapped["image"]) == [(3, 20)]
