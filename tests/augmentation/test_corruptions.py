import numpy as np
import pytest

from onion_pipeline.augmentation.corruptions import (
    CORRUPTIONS,
    SEVERITIES,
    corrupt_images,
    list_corruptions,
)

# Its strengths are less and more colour; the benchmark's order of glass is not one of strength.
UNORDERED = {"saturation", "glass_blur"}


@pytest.fixture(params=[(30, 28, 1), (40, 44, 3)], ids=["grey", "colour"])
def images(request):
    """Three pictures with smooth shades and a bright square."""
    height, width, channels = request.param
    shades = np.linspace(40, 160, height)[:, None, None] + np.linspace(0, 50, width)[None, :, None]
    pictures = np.repeat(shades, channels, axis=2) * np.linspace(1, 0.6, channels)
    pictures[8:20, 8:20] = 220
    return np.stack([np.roll(pictures, step, axis=1) for step in range(3)]).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_changes_pixels_and_nothing_else(images, name):
    before = images.copy()
    for severity in SEVERITIES:
        changed = corrupt_images(images, name, severity, seed=0)
        assert (changed.shape, changed.dtype) == (images.shape, images.dtype)
    if name in list_corruptions(images.shape[3]):
        assert (changed != images).any()
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - UNORDERED))
def test_the_fifth_severity_does_more_than_the_first(images, name):
    first, last = (
        np.abs(corrupt_images(images, name, severity, seed=0).astype(int) - images).mean()
        for severity in (1, 5)
    )
    assert last > first


def find_centers(images):
    """The mean position of the brightness in each picture of one channel, (N, 2)."""
    weights = images[..., 0] / images.sum(axis=(1, 2, 3), dtype=float)[:, None, None]
    places = np.indices(images.shape[1:3])
    return np.stack([(weights * place).sum(axis=(1, 2)) for place in places], axis=1)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_blocks_lie_where_their_pixels_did(severity):
    squares = np.zeros((20, 28, 28, 1), np.uint8)
    corners = np.random.default_rng(0).integers(7, 14, (20, 2))
    for square, (top, left) in zip(squares, corners, strict=True):
        square[top : top + 7, left : left + 7] = 255
    blocks = corrupt_images(squares, "pixelate", severity, seed=0)
    moved = find_centers(blocks) - find_centers(squares)
    assert np.abs(moved.mean(axis=0)).max() < 0.28


@pytest.mark.parametrize("severity", SEVERITIES)
def test_no_border_moves_in(severity):
    white = np.full((3, 96, 96, 3), 200, np.uint8)
    np.testing.assert_array_equal(corrupt_images(white, "elastic_transform", severity, 0), white)


def test_what_happens_depends_on_picture_and_seed_alone(images):
    whole = corrupt_images(images, "gaussian_noise", 3, seed=0)
    np.testing.assert_array_equal(corrupt_images(images[1:2], "gaussian_noise", 3, 0), whole[1:2])
    assert (corrupt_images(images, "gaussian_noise", 3, seed=1) != whole).any()


def test_pictures_in_grey_have_no_colours_to_spoil():
    assert set(list_corruptions(3)) - set(list_corruptions(1)) == {"saturation"}
    assert set(list_corruptions(3).values()) == {"noise", "blur", "weather", "digital"}


@pytest.mark.parametrize("shape", [(2, 6, 7, 1), (1, 5, 4, 3), (1, 130, 140, 3)])
def test_tiny_and_large_pictures_are_damaged_as_well(shape):
    pictures = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for name in list_corruptions(shape[3]):
        for severity in (1, 5):
            assert corrupt_images(pictures, name, severity, seed=0).shape == shape
