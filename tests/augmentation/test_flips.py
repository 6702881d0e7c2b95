import pytest

SQUARE = [(28, 28, 1), (9, 9, 3), (1, 1, 1)]


@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("name", ["HorizontalFlip", "VerticalFlip"])
def test_flips_give_the_pixels_of_albumentations(assert_as_stock, name, p):
    assert_as_stock([{name: {"p": p}}])


@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("name", ["Transpose", "RandomRotate90"])
def test_turns_of_squares_give_the_pixels_of_albumentations(assert_as_stock, name, p):
    assert_as_stock([{name: {"p": p}}], shapes=SQUARE)


@pytest.mark.parametrize("name", ["Transpose", "RandomRotate90"])
def test_turns_that_may_change_the_shape_are_left_to_albumentations(assert_as_stock, name):
    turned = [{name: {"p": 0.5}}, {"HorizontalFlip": {"p": 0.5}}, {"Affine": {"rotate": 9, "p": 1}}]
    assert_as_stock(turned, left=[name], shapes=[(7, 13, 1), (12, 5, 3)])
