import numpy as np
import pytest

from onion_pipeline.explanation.thumbnails import shrink_images


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((28, 28, 1), 28, (28, 28, 1)),
        ((28, 28, 1), 14, (14, 14, 1)),
        ((96, 96, 3), 48, (48, 48, 3)),
        ((30, 20, 3), 12, (10, 7, 3)),
        ((2, 100, 1), 10, (1, 10, 1)),
    ],
)
def test_thumbnails_fit_and_keep_their_proportions(shape, side, expected):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    small = shrink_images(images, side)
    assert small.shape == (2, *expected)
    assert small.dtype == np.uint8


def test_a_pixel_is_the_mean_of_its_block():
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 6, 3), dtype=np.uint8)
    small = shrink_images(image, 4)
    means = image.reshape(1, 4, 2, 3, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, means, atol=0.51)
