import numpy as np
import pytest
from stock import apply_stock, draw_image, is_left, try_transform

SHAPES = [(28, 28, 1), (32, 32, 3), (7, 13, 1), (12, 5, 3), (1, 1, 1), (1, 1, 3), (1, 9, 3)]


@pytest.fixture
def assert_as_stock():
    """Compare pixels with albumentations' for the same draw, which may be left to it or not."""

    def check(name, arguments, *, left=False, shapes=SHAPES, seeds=range(5)):
        for shape in shapes:
            for seed in seeds:
                image = draw_image(shape, seed)
                kept = image.copy()
                for result, noted in try_transform(name, arguments, image, 6):
                    expected = apply_stock(name, arguments, kept, noted)
                    np.testing.assert_array_equal(result, expected, f"{shape}, {noted}")
                    assert result.dtype == expected.dtype
                    assert is_left(noted) == left
                np.testing.assert_array_equal(image, kept)

    return check
