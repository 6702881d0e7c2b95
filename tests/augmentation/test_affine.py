import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COMMON = {"rotate": [-15, 15], "shear": [-10, 10], "translate_percent": [-0.1, 0.1], "p": 1.0}
REPLICATE, CUBIC, NEAREST = 1, 2, 0


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
    assert_as_stock([{"Affine": arguments}])


def test_affine_fills_each_channel_with_its_own_value(assert_as_stock):
    assert_as_stock([{"Affine": COMMON | {"fill": [10, 100, 200]}}], shapes=[(32, 32, 3)])


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
    assert_as_stock([{"Affine": motion}], shapes=[shape], seeds=[seed])


@pytest.mark.parametrize(
    "arguments", [{"balanced_scale": True, "scale": [0.5, 2]}, {"fit_output": True, "rotate": 30}]
)
def test_a_balanced_scale_and_a_fitted_output_are_left_to_albumentations(
    assert_as_stock, arguments
):
    assert_as_stock([{"Affine": arguments | {"p": 1.0}}], left=["Affine"])


@pytest.mark.parametrize("arguments", [{"p": 1.0}, {"limit": 10, "p": 0.5}, {"fill": 9, "p": 1}])
def test_rotate_gives_the_pixels_of_albumentations(assert_as_stock, arguments):
    assert_as_stock([{"Rotate": arguments}])


def test_cropped_borders_are_left_to_albumentations(assert_as_stock):
    crop = {"limit": [20, 40], "crop_border": True, "p": 1.0}
    assert_as_stock([{"Rotate": crop}], left=["Rotate"], shapes=[(32, 32, 3)])
