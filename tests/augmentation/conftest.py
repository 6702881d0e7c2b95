import random

import numpy as np
import pytest

from onion_pipeline.augmentation.policy import compose, import_albumentations, make_policy

SHAPES = [(28, 28, 1), (32, 32, 3), (7, 13, 1), (12, 5, 3), (1, 1, 1), (1, 1, 3), (1, 9, 3)]


def apply_stock(transforms, image, seed):
    library = import_albumentations()
    stock = library.Compose([getattr(library, n)(**a) for t in transforms for n, a in t.items()])
    stock.set_random_state(np.random.default_rng(seed), random.Random(seed))
    return stock(image=image)["image"]


def draw_image(shape, seed):
    if seed % 4 == 0:
        return np.full(shape, seed * 37 % 256, np.uint8)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def assert_as_stock():
    """Compare a list of transforms with albumentations, and say which of them were left to it."""

    def check(transforms, left=(), shapes=SHAPES, seeds=range(30)):
        pipeline = compose(make_policy(transforms))
        for shape in shapes:
            for seed in seeds:
                image = draw_image(shape, seed)
                kept = image.copy()
                result = pipeline(image, seed)
                expected = apply_stock(transforms, kept, seed)
                np.testing.assert_array_equal(result, expected, f"{shape}, seed {seed}")
                assert result.dtype == expected.dtype
                np.testing.assert_array_equal(image, kept)
            assert pipeline.list_left(image) == list(left)

    return check
