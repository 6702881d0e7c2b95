import numpy as np
import pytest
from scipy import stats
from stock import draw_image, is_left, try_transform

from onion_pipeline.augmentation.policy import compose, create_transform, import_albumentations
from onion_pipeline.augmentation.variants import make_variants
from onion_pipeline.errors import TransformError

SHAPES = [(28, 28, 1), (32, 32, 3), (7, 13, 1), (40, 25, 3), (1, 1, 3), (1, 9, 3), (30, 2, 1)]
CUBIC = 2
DRAWS = 800
LIKELY = 1e-3  # seeds are fixed, so that this can fail by chance but once and for all
NARROW = {"scale": [0.9, 1.0], "ratio": [3.0, 4.0]}  # which no part of a square has


def create_stock(arguments, shape):
    return import_albumentations().RandomResizedCrop(size=shape[:2], **arguments)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"scale": [0.5, 1]}, {"interpolation": CUBIC, "p": 0.3}, {"scale": [1, 1]}],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_parts_give_the_pixels_of_albumentations(arguments, shape):
    compare_parts(arguments, shape)


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_where_no_part_fits_it_is_one_of_the_middle(shape):
    compare_parts(NARROW, shape)


def compare_parts(arguments, shape):
    stock = create_stock(arguments, shape)
    for seed in range(4):
        image = draw_image(shape, seed)
        kept = image.copy()
        for result, noted in try_transform("RandomResizedCrop", arguments, image, 6):
            assert not is_left(noted)
            np.testing.assert_array_equal(result, stock.apply(kept, tuple(noted["crop_coords"])))
            assert result.shape == shape
        np.testing.assert_array_equal(image, kept)


@pytest.mark.parametrize("arguments", [{}, {"scale": [0.3, 0.9], "ratio": [0.5, 1]}, NARROW])
def test_parts_are_distributed_as_those_of_albumentations(arguments):
    shape = (60, 50, 3)
    image, stock = draw_image(shape, 1), create_stock(arguments, shape)
    stock.set_random_seed(0)
    tried = try_transform("RandomResizedCrop", arguments, image, DRAWS)
    ours = np.array([noted["crop_coords"] for _, noted in tried])
    data = {"image": image}
    theirs = np.array(
        [
            stock.get_params_dependent_on_data({"shape": shape}, data)["crop_coords"]
            for _ in range(DRAWS)
        ]
    )
    for one, other in zip(ours.T, theirs.T, strict=True):
        assert stats.ks_2samp(one, other).pvalue > LIKELY
    sides = [each[:, 2:] - each[:, :2] for each in (ours, theirs)]
    for one, other in zip(*(each.T for each in sides), strict=True):
        assert stats.ks_2samp(one, other).pvalue > LIKELY


@pytest.mark.parametrize("size", [(20, 24), [20, 24]])
def test_the_size_of_the_picture_may_be_named(size):
    image = draw_image((20, 24, 3), 1)
    named, unnamed = (
        try_transform("RandomResizedCrop", given, image, 5) for given in ({"size": size}, {})
    )
    for (one, _), (other, _) in zip(named, unnamed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_size_is_refused_by_name():
    images = np.stack([draw_image((20, 24, 3), 1)])
    chain = compose([{"name": "RandomResizedCrop", "arguments": {"size": [16, 16]}}])
    with pytest.raises(ValueError, match=r"\(16, 16, 3\); remove .*RandomResizedCrop keeps"):
        make_variants(images, 1, chain, seed=0)


def test_images_of_numbers_keep_their_size_by_albumentations_itself():
    image = draw_image((20, 24, 3), 1).astype(np.float32) / 255
    for result, noted in try_transform("RandomResizedCrop", {}, image, 5):
        assert is_left(noted)
        assert (result.shape, result.dtype) == (image.shape, np.float32)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": [0, 5]}, "size"),
        ({"scale": [0.5, 2]}, "scale"),
        ({"siz": 3}, "did you mean 'size'?"),
        ({"size": 224}, "size"),
    ],
)
def test_what_is_not_allowed_is_named(arguments, said):
    with pytest.raises(TransformError, match=said):
        create_transform("RandomResizedCrop", arguments)
