import pytest

SQUARE = [(28, 28, 1), (9, 9, 3), (1, 1, 1)]


@pytest.mark.parametrize("name", ["HorizontalFlip", "VerticalFlip"])
def test_flips_give_the_pixels_of_albumentations(assert_as_stock, name):
    assert_as_stock(name, {})


@pytest.mark.parametrize("name", ["Transpose", "RandomRotate90"])
def test_turns_of_squares_give_the_pixels_of_albumentations(assert_as_stock, name):
    assert_as_stock(name, {}, shapes=SQUARE)


@pytest.mark.parametrize("name", ["Transpose", "RandomRotate90"])
def test_turns_that_may_change_the_shape_are_left_to_albumentations(assert_as_stock, name):
    assert_as_stock(name, {}, left=True, shapes=[(7, 13, 1), (12, 5, 3)])
