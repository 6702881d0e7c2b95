from collections import Counter

import numpy as np
import pytest
from scipy import stats
from stock import draw_image, try_transform

from onion_pipeline.augmentation.operations import OPERATIONS, draw_operations, list_operations
from onion_pipeline.augmentation.policy import compose, create_transform, import_albumentations
from onion_pipeline.augmentation.random_numbers import hash_variants
from onion_pipeline.augmentation.variants import make_variants
from onion_pipeline.errors import TransformError

STILL = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
LIKELY = 1e-3  # seeds are fixed, so that this can fail by chance but once and for all
BOTH = [("TrivialAugment", {}), ("RandAugment", {"num_ops": 3, "magnitude": 20})]
SHAPES = [(28, 28, 1), (33, 20, 3), (1, 9, 3), (6, 6, 1)]


def jitter(image, name, factor):
    library = import_albumentations()
    return library.ColorJitter(**STILL | {name: (factor, factor)}, p=1)(image=image)["image"]


def sharpen(image, factor):
    """Blend with what Pillow calls smooth; the border is mirrored, as albumentations has it."""
    kernel = np.float32([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    bordered = np.pad(image.astype(np.float64), ((1, 1), (1, 1), (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    smooth = sum(
        kernel[y, x] * bordered[y : y + height, x : x + width] for y in range(3) for x in range(3)
    )
    return np.clip(factor * image + (1 - factor) * smooth, 0, 255)


def apply_alone(image, name, value):
    """Return what the transform of albumentations that is meant makes of an image."""
    library = import_albumentations()
    kind, _, axis = name.partition(" ")
    pair, none = (value, value), {"x": (0, 0), "y": (0, 0)}
    if name in {"brightness", "contrast", "color"}:
        return jitter(image, "saturation" if name == "color" else name, value)
    transform = {
        "identity": lambda: library.NoOp(p=1),
        "shear": lambda: library.Affine(shear=none | {axis: pair}, p=1),
        "translate": lambda: library.Affine(translate_px={axis: int(value)}, p=1),
        "rotate": lambda: library.Affine(rotate=pair, p=1),
        "posterize": lambda: (
            library.Posterize(num_bits=int(value), p=1) if value < 8 else library.NoOp(p=1)
        ),
        "solarize": lambda: library.Solarize(threshold_range=pair, p=1),
        "autocontrast": lambda: library.AutoContrast(method="pil", p=1),
        "equalize": lambda: library.Equalize(p=1),
    }[kind]()
    return transform(image=image)["image"]


@pytest.mark.parametrize(("name", "arguments"), BOTH)
@pytest.mark.parametrize("shape", SHAPES)
def test_operations_give_the_pixels_of_albumentations(name, arguments, shape):
    met = set()
    for seed in range(5):
        image = draw_image(shape, seed)
        kept = image.copy()
        for result, noted in try_transform(name, arguments, image, 40):
            expected = image
            for operation, value in noted["operations"]:
                met.add(operation)
                if operation == "sharpness":
                    break  # has a test of its own
                expected = apply_alone(expected, operation, value)
            else:
                np.testing.assert_array_equal(result, expected, f"{shape}, {noted}")
            assert (result.shape, result.dtype) == (image.shape, np.uint8)
        np.testing.assert_array_equal(image, kept)
    assert met == set(list_operations(shape[2]))


@pytest.mark.parametrize(("name", "arguments"), BOTH)
def test_a_draw_is_applied_alike_by_albumentations_itself(name, arguments):
    image, transform = draw_image((20, 30, 3), 1), create_transform(name, arguments)
    for result, noted in try_transform(name, arguments, image, 60):
        np.testing.assert_array_equal(result, transform.apply(image, **noted))


@pytest.mark.parametrize("factor", [0.01, 0.5, 1, 1.3, 1.99])
@pytest.mark.parametrize("shape", [(12, 9, 3), (12, 9, 1)])
def test_sharpness_is_that_of_pillow(factor, shape):
    image = draw_image(shape, 1)
    transform = create_transform("TrivialAugment", {})
    result = transform.apply(image, operations=[("sharpness", factor)])
    np.testing.assert_allclose(result, sharpen(image, factor), atol=0.51)


def list_drawn(name, arguments, shape, count):
    image = draw_image(shape, 1)
    return [
        each
        for _, noted in try_transform(name, arguments, image, count)
        for each in noted["operations"]
    ]


@pytest.mark.parametrize(("name", "arguments"), BOTH)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_operation_is_as_likely_as_the_others(name, arguments, channels):
    drawn = Counter(kind for kind, _ in list_drawn(name, arguments, (9, 9, channels), 1000))
    assert set(drawn) == set(list_operations(channels))
    assert ("color" in drawn) == (channels == 3)
    assert stats.chisquare([*drawn.values()]).pvalue > LIKELY


def test_trivial_augment_draws_all_strengths_of_a_wide_range_in_both_directions():
    numbers = np.random.default_rng(0).random((3, 6000))
    drawn = [each for (each,) in draw_operations(numbers, (224, 448, 3), is_wide=True)]
    values = {name: [value for kind, value in drawn if kind == name] for name in OPERATIONS}
    widest = np.rad2deg(np.arctan(0.99))
    limits = {
        "shear x": (-widest, widest),
        "shear y": (-widest, widest),
        "translate x": (-64, 64),
        "translate y": (-32, 32),
        "rotate": (-135, 135),
        "posterize": (2, 8),
        "solarize": (0, 1),
        **dict.fromkeys(("brightness", "color", "contrast", "sharpness"), (0.01, 1.99)),
        **dict.fromkeys(("identity", "autocontrast", "equalize"), (0, 0)),
    }
    assert limits.keys() == values.keys()
    for name, (low, high) in limits.items():
        assert (min(values[name]), max(values[name])) == pytest.approx((low, high)), name
    assert stats.kstest(values["rotate"], stats.uniform(-135, 270).cdf).pvalue > LIKELY
    assert set(values["posterize"]) == set(range(2, 9))


def test_rand_augment_takes_as_many_operations_as_asked_for_of_one_strength():
    image = draw_image((331, 662, 3), 1)
    tried = try_transform("RandAugment", {"num_ops": 4, "magnitude": 15}, image, 50)
    assert {len(noted["operations"]) for _, noted in tried} == {4}
    drawn = {(kind, abs(value)) for _, noted in tried for kind, value in noted["operations"]}
    expected = {
        "rotate": 15,
        "translate x": 150,
        "translate y": 75,
        "posterize": 6,
        "solarize": 0.5,
    }
    assert {each for each in drawn if each[0] in expected} == set(expected.items())
    assert {round(value, 9) for kind, value in drawn if kind == "contrast"} == {0.55, 1.45}


def test_rand_augment_of_no_strength_leaves_all_but_the_histogram():
    image = draw_image((16, 16, 3), 1)
    image[image == 255] = 254  # which solarizing from 255 on turns to 0, as torchvision does
    for result, noted in try_transform("RandAugment", {"num_ops": 1, "magnitude": 0}, image, 80):
        if noted["operations"][0][0] not in {"autocontrast", "equalize"}:
            np.testing.assert_array_equal(result, image, str(noted))


@pytest.mark.parametrize(("name", "arguments"), BOTH)
def test_images_of_numbers_are_left_to_albumentations(name, arguments):
    image = draw_image((9, 12, 3), 1)
    policy = [
        {"name": "ToFloat", "arguments": {"p": 1}},
        {"name": name, "arguments": arguments},
        {"name": "FromFloat", "arguments": {"dtype": "uint8", "p": 1}},
    ]
    keys = hash_variants(np.stack([image] * 40), np.arange(40), seed=0)
    made = [changed for _, changed in compose(policy)([image] * 40, keys)]
    assert {each.dtype for each in made} == {np.dtype(np.uint8)}
    assert len({each.tobytes() for each in made}) > 20


@pytest.mark.parametrize(("name", "arguments"), BOTH)
def test_variants_do_not_depend_on_the_others(name, arguments):
    chain = compose([{"name": name, "arguments": arguments}])
    images = np.stack([draw_image((20, 16, 3), 1 + number) for number in range(40)])
    together = make_variants(images, 2, chain, seed=7)
    for row in range(0, 40, 7):
        alone = make_variants(images[row : row + 1], 2, chain, seed=7)
        np.testing.assert_array_equal(alone[0], together[row])


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("RandAugment", {"magnitude": 31}, "magnitude: .* less than or equal to 30, found 31"),
        ("RandAugment", {"magnitude": -1}, "magnitude: .* greater than or equal to 0"),
        ("RandAugment", {"magnitude": 2.5}, "magnitude: .* integer"),
        ("RandAugment", {"num_ops": 0}, "num_ops: .* greater than or equal to 1"),
        ("RandAugment", {"num_op": 1}, "'num_op' is unknown; did you mean 'num_ops'?"),
        ("TrivialAugment", {"p": 1.5}, "p: .* less than or equal to 1"),
        ("TrivialAugment", {"magnitude": 3}, "'magnitude' is unknown"),
        ("TrivialAugmentWide", {}, "did you mean 'TrivialAugment'?"),
        ("RandAug", {}, "did you mean 'RandAugment'?"),
    ],
)
def test_what_is_not_allowed_is_named(name, arguments, said):
    with pytest.raises(TransformError, match=said):
        create_transform(name, arguments)
