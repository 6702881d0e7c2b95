import numpy as np
import pytest
from albumentations.augmentations.geometric.functional import (
    center,
    create_affine_transformation_matrix,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stock import try_transform

COMMON = {"rotate": [-15, 15], "shear": [-10, 10], "translate_percent": [-0.1, 0.1], "p": 1.0}
REPLICATE, CUBIC, NEAREST = 1, 2, 0
SQUARE = [(28, 28, 1), (9, 9, 3), (1, 1, 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        COMMON | {"scale": [0.9, 1.1]},
        {"p": 1.0},
        {"p": 0.3, "rotate": 90},
        {"p": 1.0, "rotate": [-400, 400], "scale": 0.5},
        {"p": 1.0, "rotate": [0, 1e-6]},
        {"p": 1.0, "scale": [1, 1.00002]},
        {"p": 1.0, "translate_px": [-3, 3]},
        {"p": 1.0, "translate_px": {"x": 2}, "shear": {"y": [0, 20]}},
        {"p": 1.0, "translate_percent": {"y": [-0.4, 0.4]}, "scale": {"x": [0.5, 2]}},
        {"p": 1.0, "scale": [0.5, 1.5], "keep_ratio": True},
        COMMON | {"fill": 77},
        COMMON | {"fill": 77.5, "interpolation": NEAREST},
        COMMON | {"border_mode": REPLICATE, "interpolation": CUBIC},
    ],
)
def test_affine_gives_the_pixels_of_albumentations(assert_as_stock, arguments):
    assert_as_stock("Affine", arguments)


def test_affine_fills_each_channel_with_its_own_value(assert_as_stock):
    assert_as_stock("Affine", COMMON | {"fill": [10, 100, 200]}, shapes=[(32, 32, 3)])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3])),
    st.fixed_dictionaries(
        {
            "rotate": st.floats(0, 180).map(lambda x: [-x, x]),
            "shear": st.floats(0, 60).map(lambda x: [-x, x]),
            "translate_percent": st.floats(0, 0.5).map(lambda x: [-x, x]),
            "scale": st.floats(0.25, 2).map(lambda x: [x, x + 0.5]),
            "p": st.just(1.0),
        }
    ),
    st.integers(1, 2**32 - 1),
)
def test_any_size_and_any_motion(assert_as_stock, shape, motion, seed):
    assert_as_stock("Affine", motion, shapes=[shape], seeds=[seed])


@pytest.mark.parametrize(
    "arguments", [{"balanced_scale": True, "scale": [0.5, 2]}, {"fit_output": True, "rotate": 30}]
)
def test_a_balanced_scale_and_a_fitted_output_are_left_to_albumentations(
    assert_as_stock, arguments
):
    assert_as_stock("Affine", arguments, left=True)


@pytest.mark.parametrize("arguments", [{"p": 1.0}, {"limit": 10, "p": 0.5}, {"fill": 9, "p": 1}])
def test_rotate_gives_the_pixels_of_albumentations(assert_as_stock, arguments):
    assert_as_stock("Rotate", arguments)


def test_cropped_borders_are_left_to_albumentations(assert_as_stock):
    crop = {"limit": [20, 40], "crop_border": True}
    assert_as_stock("Rotate", crop, left=True, shapes=[(32, 32, 3)])


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    st.tuples(st.floats(0.25, 2), st.floats(0.25, 2)),
    st.floats(-720, 720),
)
def test_matrices_are_those_of_albumentations(shape, shift, shear, scale, rotate):
    by_axis = [dict(zip("xy", pair, strict=True)) for pair in (shift, shear, scale)]
    translate_px, sheared, scaled = (
        {axis: [value, value] for axis, value in each.items()} for each in by_axis
    )
    fixed = {"translate_px": translate_px, "shear": sheared, "scale": scaled}
    image = np.zeros((*shape, 1), np.uint8)
    ((_, noted),) = try_transform("Affine", fixed | {"rotate": [rotate, rotate]}, image)
    moved, tilted, sized = by_axis
    tilted = {axis: -value for axis, value in tilted.items()}
    expected = create_affine_transformation_matrix(moved, tilted, sized, rotate, center(shape))
    np.testing.assert_array_equal(noted["matrix"], expected)


def test_axes_of_one_ratio_have_one_scale():
    image = np.zeros((9, 9, 3), np.uint8)
    keep = {"scale": [0.5, 1.5], "keep_ratio": True}
    tried = [noted for _, noted in try_transform("Affine", keep, image, 20)]
    assert all(noted["scale x"] == noted["scale y"] for noted in tried)


@pytest.mark.parametrize("name", ["HorizontalFlip", "VerticalFlip"])
def test_flips_give_the_pixels_of_albumentations(assert_as_stock, name):
    assert_as_stock(name, {})


@pytest.mark.parametrize("name", ["Transpose", "RandomRotate90"])
def test_turns_of_squares_give_the_pixels_of_albumentations(assert_as_stock, name):
    assert_as_stock(name, {}, shapes=SQUARE)


@pytest.mark.parametrize("name", ["Transpose", "RandomRotate90"])
def test_turns_that_may_change_the_shape_are_left_to_albumentations(assert_as_stock, name):
    assert_as_stock(name, {}, left=True, shapes=[(7, 13, 1), (12, 5, 3)])
