from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onion_pipeline.augmentation.policy import compose, make_policy

CONF = Path(__file__).parents[2] / "conf"
POLICIES = sorted(CONF.glob("*/parameters_augment.yml"))
LARGE = [(28, 28, 1), (32, 32, 3), (20, 31, 3)]
KNOWN = [
    {"HorizontalFlip": {"p": 0.5}},
    {"Affine": {"rotate": [-15, 15], "scale": [0.9, 1.1], "p": 0.7}},
    {"RandomBrightnessContrast": {"p": 0.5}},
    {"ColorJitter": {"p": 0.5}},
    {"CoarseDropout": {"p": 0.5}},
    {"VerticalFlip": {"p": 0.3}},
]
UNKNOWN = [
    {"GaussianBlur": {"p": 0.5}},
    {"GaussNoise": {"p": 0.5}},
    {"GridDistortion": {"p": 0.5}},
    {"RandomShadow": {"p": 0.5}},
    {"CoarseDropout": {"fill": "random", "p": 0.5}},
]


def list_names(transforms):
    return [name for transform in transforms for name in transform]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_policies_of_this_project_are_taken_over_entirely(assert_as_stock, path, channels):
    transforms = yaml.safe_load(path.read_text())["augment"]["transforms"]
    enabled = [
        {name: {key: value for key, value in arguments.items() if key != "enabled"}}
        for transform in transforms
        for name, arguments in transform.items()
    ]
    assert_as_stock(enabled, shapes=[(28, 28, channels), (33, 17, channels)], seeds=range(100))


@pytest.mark.parametrize("p", [0, 0.3, 1])
def test_known_and_unknown_transforms_draw_from_the_same_streams(assert_as_stock, p):
    transforms = [
        {name: arguments | {"p": p}}
        for pair in zip(KNOWN, UNKNOWN, strict=False)
        for transform in pair
        for name, arguments in transform.items()
    ]
    left = list_names(UNKNOWN) if p else []
    assert_as_stock(transforms, left=left, shapes=LARGE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(KNOWN + UNKNOWN), max_size=6), st.integers(1, 2**32 - 1))
def test_any_mix_in_any_order(assert_as_stock, transforms, seed):
    left = list_names([transform for transform in transforms if transform in UNKNOWN])
    assert_as_stock(transforms, left=left, shapes=LARGE, seeds=[seed])


def test_transforms_after_a_change_of_shape_know_the_new_one(assert_as_stock):
    crop = {"CenterCrop": {"height": 11, "width": 8, "p": 1.0}}
    pad = {"PadIfNeeded": {"min_height": 20, "min_width": 30, "p": 1.0}}
    assert_as_stock(
        [*KNOWN, crop, *KNOWN, pad, *KNOWN], left=["CenterCrop", "PadIfNeeded"], shapes=LARGE
    )


def test_transforms_after_a_change_of_type_are_left_to_albumentations(assert_as_stock):
    there, flip, back = (
        {"ToFloat": {"p": 1.0}},
        {"HorizontalFlip": {"p": 0.5}},
        {"FromFloat": {"dtype": "uint8", "p": 1.0}},
    )
    assert_as_stock([there, flip, back, flip], left=["ToFloat", "FromFloat"], shapes=LARGE)


@pytest.mark.parametrize("shape", [(9, 9, 2), (9, 9, 4)])
def test_images_of_other_channels_are_left_to_albumentations(assert_as_stock, shape):
    known = [transform for transform in KNOWN if "ColorJitter" not in transform]
    assert_as_stock(known, left=list_names(known), shapes=[shape])


@pytest.mark.parametrize("channels", [1, 3])
def test_strided_images_give_the_pixels_of_whole_ones(channels):
    pipeline = compose(make_policy(KNOWN))
    image = np.random.default_rng(0).integers(0, 256, (40, 60, channels), dtype=np.uint8)[::-2, ::3]
    for seed in range(20):
        expected = pipeline(np.ascontiguousarray(image), seed)
        np.testing.assert_array_equal(pipeline(image, seed), expected)


@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 20, 3)])
def test_a_result_is_whole_and_not_overwritten_by_the_next(shape):
    turns = [{"Transpose": {"p": 0.5}}, {"RandomRotate90": {"p": 0.5}}]
    pipeline = compose(make_policy(KNOWN + turns))
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    results = [pipeline(image, seed) for seed in range(20)]
    kept = [result.copy() for result in results]
    for seed in range(20, 40):
        pipeline(image, seed)
    np.testing.assert_array_equal(results, kept)
    assert all(result.flags.c_contiguous for result in results)


def test_a_transform_from_elsewhere_is_not_taken_for_one_of_albumentations():
    import albumentations

    class HorizontalFlip(albumentations.ImageOnlyTransform):
        def apply(self, img, **params):
            return img

    from onion_pipeline.augmentation.pipeline import Pipeline

    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    pipeline = Pipeline([HorizontalFlip(p=1.0)])
    assert pipeline.list_left(image) == ["HorizontalFlip"]
    np.testing.assert_array_equal(pipeline(image, 0), image)
