import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NONE = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}


@pytest.mark.parametrize(
    "arguments",
    [
        {"p": 1.0},
        {"p": 0.3, "brightness_limit": [-1, 1], "contrast_limit": [-1, 1]},
        {"p": 1.0, "brightness_by_max": False},
        {"p": 1.0, "contrast_limit": 0},
        {"p": 1.0, "brightness_limit": 0, "contrast_limit": [-3, 3]},
    ],
)
def test_brightness_and_contrast_give_the_pixels_of_albumentations(assert_as_stock, arguments):
    assert_as_stock("RandomBrightnessContrast", arguments)


def test_a_safe_range_is_left_to_albumentations(assert_as_stock):
    assert_as_stock("RandomBrightnessContrast", {"ensure_safe_range": True}, left=True)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"brightness": [0.5, 2], "contrast": [0, 3], "saturation": [0, 3], "hue": [-0.5, 0.5]},
        NONE,
        NONE | {"brightness": [0, 0]},
        NONE | {"contrast": [0, 0]},
        NONE | {"saturation": [0, 0]},
        *(NONE | {"hue": [hue, hue]} for hue in (-0.5, -1e-20, 1e-20, 0.02222222222222222, 0.5)),
    ],
)
def test_color_jitter_gives_the_pixels_of_albumentations(assert_as_stock, arguments):
    assert_as_stock("ColorJitter", arguments)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(-0.5, 0.5), st.integers(1, 999))
def test_any_turn_of_the_hue(assert_as_stock, hue, seed):
    jitter = NONE | {"hue": [hue, hue]}
    assert_as_stock("ColorJitter", jitter, shapes=[(24, 24, 3)], seeds=[seed])


def test_hues_of_more_than_half_a_turn_are_left_to_albumentations(assert_as_stock):
    assert_as_stock("ColorJitter", {"hue": 0.9}, left=True)


def test_inversion_gives_the_pixels_of_albumentations(assert_as_stock):
    assert_as_stock("InvertImg", {})
