from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stock import apply_stock, draw_image, is_left, try_transform

from onion_pipeline.augmentation.policy import compose, make_policy
from onion_pipeline.augmentation.random_numbers import hash_variants
from onion_pipeline.augmentation.transform_chain import TransformChain

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
CROP = {"CenterCrop": {"height": 11, "width": 8, "p": 0.5}}
PAD = {"PadIfNeeded": {"min_height": 20, "min_width": 30, "p": 1.0}}


def always(transforms):
    return [{name: given | {"p": 1} for name, given in each.items()} for each in transforms]


def change(transforms, images, keys):
    changed = dict(compose(make_policy(transforms))(images, keys))
    return [changed[row] for row in range(len(images))]


def follow(transforms, image, key, steps):
    """Apply these of the transforms one by one."""
    pipeline = compose(make_policy(transforms))
    for position in steps:
        image, _ = pipeline.try_transform(position, image, key)
    return image


def draw_batch(shape, count, seed=0):
    images = [draw_image(shape, seed + number) for number in range(count)]
    return images, hash_variants(np.stack(images), 1, seed)


def list_enabled(path):
    transforms = yaml.safe_load(path.read_text())["augment"]["transforms"]
    return [
        {name: {key: value for key, value in arguments.items() if key != "enabled"}}
        for transform in transforms
        for name, arguments in transform.items()
    ]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("shape", [(28, 28, 1), (33, 17, 3)])
def test_the_policies_of_this_project_are_taken_over_entirely(path, shape):
    image = draw_image(shape, 1)
    for transform in list_enabled(path):
        ((name, arguments),) = transform.items()
        for result, noted in try_transform(name, arguments, image, 20):
            assert not is_left(noted)
            np.testing.assert_array_equal(result, apply_stock(name, arguments, image, noted))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*KNOWN, *UNKNOWN, CROP, PAD]), max_size=5),
    st.sampled_from(LARGE),
    st.integers(1, 2**32 - 1),
)
def test_transforms_follow_each_other_with_their_own_draws(transforms, shape, seed):
    transforms = always(transforms)
    images, keys = draw_batch(shape, 3, seed)
    steps = range(len(transforms))
    results = change(transforms, images, keys)
    for image, key, result in zip(images, keys[:, None], results, strict=True):
        np.testing.assert_array_equal(result, follow(transforms, image, key, steps))


@pytest.mark.parametrize("shape", LARGE)
def test_each_transform_is_applied_or_not_of_its_own(shape):
    transforms = [KNOWN[0], UNKNOWN[1], KNOWN[1], CROP, KNOWN[4]]
    images, keys = draw_batch(shape, 4, seed=1)
    results = change(transforms, images, keys)
    for image, key, result in zip(images, keys[:, None], results, strict=True):
        subsets = product(*([(), (position,)] for position in range(len(transforms))))
        made = [follow(transforms, image, key, sum(subset, ())) for subset in subsets]
        assert any(np.array_equal(result, each) for each in made)


@pytest.mark.parametrize("transform", [*KNOWN, *UNKNOWN[:2]], ids=lambda each: next(iter(each)))
@pytest.mark.parametrize("p", [0, 0.2, 0.7, 1])
def test_a_transform_is_applied_as_often_as_its_probability_says(transform, p):
    ((name, arguments),) = transform.items()
    image = draw_image((16, 16, 3), 1)
    images = [image] * 400
    keys = hash_variants(np.stack(images), np.arange(400), seed=0)
    results = change([{name: arguments | {"p": p}}], images, keys)
    rate = np.mean([not np.array_equal(result, image) for result in results])
    deviation = np.sqrt(p * (1 - p) / len(images))
    assert rate == pytest.approx(p, abs=4 * deviation + 0.03 * (p > 0))


@pytest.mark.parametrize("transforms", [KNOWN, [*KNOWN, UNKNOWN[1], CROP, *KNOWN]])
def test_a_result_does_not_depend_on_the_images_beside_it(transforms):
    images, keys = draw_batch((20, 31, 3), 40)
    together = change(transforms, images, keys)
    order = np.random.default_rng(0).permutation(len(images))[:25]
    shuffled = change(transforms, [images[row] for row in order], keys[order])
    for row, result in zip(order, shuffled, strict=True):
        np.testing.assert_array_equal(result, together[row])
    for row in range(5):
        (alone,) = change(transforms, images[row : row + 1], keys[row : row + 1])
        np.testing.assert_array_equal(alone, together[row])


def test_transforms_after_a_change_of_type_are_left_to_albumentations():
    there, back = {"ToFloat": {"p": 1.0}}, {"FromFloat": {"dtype": "uint8", "p": 1.0}}
    images, keys = draw_batch((9, 7, 1), 5)
    flip = {"HorizontalFlip": {"p": 1.0}}
    for image, result in zip(images, change([there, flip, back, flip], images, keys), strict=True):
        np.testing.assert_array_equal(result, image)
    pipeline = compose(make_policy([flip]))
    _, noted = pipeline.try_transform(0, images[0].astype(np.float32), keys[:1])
    assert is_left(noted)


@pytest.mark.parametrize("shape", [(9, 9, 2), (9, 9, 4)])
def test_images_of_other_channels_are_left_to_albumentations(assert_as_stock, shape):
    for transform in KNOWN:
        ((name, arguments),) = transform.items()
        if name != "ColorJitter":
            assert_as_stock(name, arguments, left=True, shapes=[shape])


@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 20, 3)])
def test_a_result_is_not_overwritten_by_the_next(shape):
    turns = [{"Transpose": {"p": 0.5}}, {"RandomRotate90": {"p": 0.5}}]
    pipeline = compose(make_policy(KNOWN + turns))
    images, keys = draw_batch(shape, 20)
    results = [result for _, result in pipeline(images, keys)]
    kept = [result.copy() for result in results]
    list(pipeline(images, keys + np.uint64(1)))
    np.testing.assert_array_equal(results, kept)


def test_a_transform_from_elsewhere_is_not_taken_for_one_of_albumentations():
    import albumentations

    class HorizontalFlip(albumentations.ImageOnlyTransform):
        def apply(self, img, **params):
            return img

    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    ((_, result),) = TransformChain([HorizontalFlip(p=1.0)])([image], np.zeros(1, np.uint64))
    np.testing.assert_array_equal(result, image)
