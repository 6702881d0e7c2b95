import numpy as np
import pytest
from PIL import Image

from onion_pipeline.images.descriptors import describe, list_crops


def draw_noise(channels: int = 3, size: int = 64) -> np.ndarray:
    """Smooth noise: (2, size, size, channels)."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    large = [Image.fromarray(part).resize((size, size), Image.BICUBIC) for part in coarse]
    return np.stack([np.asarray(image) for image in large])[..., :channels]


@pytest.mark.parametrize(("channels", "length"), [(1, 99), (3, 117)])
def test_a_descriptor_has_length_one(channels, length):
    descriptors = describe(draw_noise(channels), 10)
    assert descriptors.shape == (2, 1, length)
    assert descriptors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=2), 1, rtol=1e-5)


def test_brightness_and_contrast_mean_nothing():
    pictures = draw_noise() // 3 + 20
    changed = pictures * 2 + 30
    np.testing.assert_allclose(describe(pictures, 8), describe(changed, 8), atol=1e-5)


def test_a_crop_is_seen_without_cropping():
    pictures = draw_noise()
    cut = pictures[:, 8:56, 8:56]
    within = describe(pictures, 6, ((8 / 64, 56 / 64),))
    np.testing.assert_allclose(within, describe(cut, 6), atol=1e-4)


def test_the_size_means_little():
    pictures = draw_noise()
    small = np.stack(
        [np.asarray(Image.fromarray(picture).resize((32, 32), Image.BOX)) for picture in pictures]
    )
    likeness = (describe(pictures, 6) * describe(small, 6)).sum(axis=2)
    assert likeness.min() > 0.999


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(224, 224), (100, 250)])  # some of which leave a narrow block
def test_large_pictures_have_the_descriptors_of_all_their_pixels(channels, sides, monkeypatch):
    pictures = draw_noise(channels, 250)[:, : sides[0], : sides[1]]
    crops = list_crops((0, 0.045))
    found = describe(pictures, 10, crops, halved=True)
    monkeypatch.setattr("onion_pipeline.images.descriptors.LONGEST_SIDE", 250)
    np.testing.assert_allclose(found, describe(pictures, 10, crops, halved=True), atol=0.01)


def test_pictures_are_described_alike_one_by_one(monkeypatch):
    pictures = draw_noise(size=120)
    together = describe(pictures, 6)
    monkeypatch.setattr("onion_pipeline.images.descriptors.AT_A_TIME", 1)
    np.testing.assert_array_equal(describe(pictures, 6), together)


def test_different_pictures_are_little_alike():
    first, second = describe(draw_noise(), 8)[:, 0]
    assert abs(first @ second) < 0.5


def test_blank_pictures_have_no_descriptor():
    blank = np.stack([np.full((8, 8, 3), 9, np.uint8), np.full((8, 8, 3), 200, np.uint8)])
    assert not describe(blank, 6).any()


def test_crops_combine_both_margins():
    assert list_crops((0, 0.05)) == [(0, 1), (0, 0.95), (0.05, 1), (0.05, 0.95)]
    assert describe(draw_noise(), 6, list_crops((0, 0.05))).shape[1] == 16
