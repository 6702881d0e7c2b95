import numpy as np
import pytest

from onion_pipeline.augmentation import variants
from onion_pipeline.augmentation.policy import compose, make_policy
from onion_pipeline.augmentation.variants import augment_images, make_variants
from onion_pipeline.images.arrays import labelled_dtype
from onion_pipeline.workers import parallel

POLICY = make_policy(
    [
        {"Affine": {"rotate": [-30, 30], "p": 1.0}},
        {"RandomBrightnessContrast": {"p": 0.9}},
        {"CoarseDropout": {"p": 0.5}},
    ]
)
HALF = {"p": 0.5}


def augment(*arguments, **options):
    return augment_images(*arguments, **options).gather()


def get_pixels(images, copies=2, seed=0):
    return augment(images, POLICY, copies, seed)["image"]


def test_originals_come_first_and_unchanged(labelled_images):
    result = augment(labelled_images, POLICY, 2, seed=0)
    np.testing.assert_array_equal(result[: len(labelled_images)], labelled_images)
    assert (result["image"][len(labelled_images) :] != np.tile(labelled_images, 2)["image"]).any()


def test_labels_index_and_copy_numbers_travel_along(labelled_images):
    result = augment(labelled_images, POLICY, 2, seed=0)
    np.testing.assert_array_equal(result["label"], np.tile(labelled_images["label"], 3))
    np.testing.assert_array_equal(result["index"], np.tile(labelled_images["index"], 3))
    np.testing.assert_array_equal(result["copy"], np.repeat([0, 1, 2], len(labelled_images)))


def test_each_variant_is_of_the_picture_in_its_row(labelled_images):
    policy = make_policy([{"HorizontalFlip": {"p": 1.0}}])
    result = augment(labelled_images, policy, 1, seed=0)
    flipped = labelled_images["image"][:, :, ::-1]
    np.testing.assert_array_equal(result["image"][len(labelled_images) :], flipped)


def test_no_copies_leave_the_originals_alone(labelled_images):
    np.testing.assert_array_equal(augment(labelled_images, POLICY, 0, 0), labelled_images)


def test_the_images_that_came_in_are_not_written_to(labelled_images):
    before = labelled_images.copy()
    augment(labelled_images, POLICY, 1, seed=0)
    np.testing.assert_array_equal(labelled_images, before)


def test_the_same_seed_gives_the_same_pixels_and_another_one_others(labelled_images):
    first = get_pixels(labelled_images)
    np.testing.assert_array_equal(first, get_pixels(labelled_images))
    assert (first != get_pixels(labelled_images, seed=1)).any()


def test_the_variants_of_a_picture_differ(labelled_images):
    _, first, second = get_pixels(labelled_images).reshape(3, *labelled_images["image"].shape)
    assert (first != second).reshape(len(first), -1).any(axis=1).all()


def test_pixels_do_not_depend_on_order_or_on_the_other_images(labelled_images):
    variants_of_all = get_pixels(labelled_images, copies=1)[len(labelled_images) :]
    chosen = [7, 2, 5]
    of_some = get_pixels(labelled_images[chosen], copies=1)[len(chosen) :]
    np.testing.assert_array_equal(of_some, variants_of_all[chosen])


def test_pixels_do_not_depend_on_the_number_of_copies(labelled_images):
    few, many = (get_pixels(labelled_images, copies) for copies in (1, 3))
    np.testing.assert_array_equal(few, many[: len(few)])


def test_pixels_do_not_depend_on_chunks_or_workers(labelled_images, monkeypatch):
    here = get_pixels(labelled_images)
    monkeypatch.setattr(variants, "count_rows", lambda _: 3)
    monkeypatch.setattr(parallel, "count_processors", lambda: 2)
    assert len(labelled_images) / 3 * 2 >= parallel.WORTH_A_POOL
    np.testing.assert_array_equal(here, get_pixels(labelled_images))


def test_a_variant_can_be_replayed_on_its_own(labelled_images):
    result = augment(labelled_images, POLICY, 2, seed=3)
    row = result[-1]
    original = labelled_images["image"][-1:]
    (replayed,) = make_variants(original, row["copy"], compose(POLICY), seed=3)
    np.testing.assert_array_equal(replayed, row["image"])


def test_gray_pictures_keep_their_channel():
    images = np.zeros(3, labelled_dtype((8, 8, 1)))
    images["image"] = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1))
    assert get_pixels(images).shape == (9, 8, 8, 1)


def test_transforms_draw_independent_numbers():
    policy = make_policy([{"HorizontalFlip": HALF}, {"InvertImg": HALF}, {"VerticalFlip": HALF}])
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    made = make_variants(np.stack([image] * 800), np.arange(1, 801), compose(policy), seed=0)
    seen = [variant.tobytes() for variant in made]
    counts = np.array([seen.count(variant) for variant in set(seen)])
    assert len(counts) == 2 ** len(policy)
    # 5 standard deviations around an eighth each
    deviation = np.sqrt(len(seen) * 1 / 8 * 7 / 8)
    assert (abs(counts - len(seen) / 8) < 5 * deviation).all()


def test_different_pictures_draw_different_numbers():
    images = np.random.default_rng(0).integers(0, 256, (200, 4, 4, 3), dtype=np.uint8)
    made = make_variants(images, 1, compose(make_policy([{"HorizontalFlip": HALF}])), seed=0)
    flipped = (made != images).any(axis=(1, 2, 3))
    assert 0.4 < np.mean(flipped) < 0.6


@pytest.mark.parametrize(
    ("transform", "found"),
    [
        ({"Resize": {"height": 6, "width": 6}}, r"uint8 \(6, 6, 3\)"),
        ({"CenterCrop": {"height": 4, "width": 12}}, r"uint8 \(4, 12, 3\)"),
        ({"ToFloat": {"p": 1.0}}, r"float32 \(12, 12, 3\)"),
    ],
)
def test_transforms_that_change_shape_or_type_are_refused(labelled_images, transform, found):
    with pytest.raises(ValueError, match=rf"uint8 \(12, 12, 3\) into {found}; remove"):
        augment_images(labelled_images, make_policy([transform]), 1, seed=0)


@pytest.mark.parametrize("rows", [1, 5, 2 * variants.AT_A_TIME + 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_rows_are_the_variants_of_their_pictures(rows, channels):
    images = np.random.default_rng(0).integers(0, 256, (rows, 9, 7, channels), dtype=np.uint8)
    copies, pipeline = (np.arange(rows) + 1) % 4, compose(POLICY)
    made = make_variants(images, copies, pipeline, 3)
    for row in range(0, rows, 13):
        (expected,) = make_variants(images[row : row + 1], copies[row], pipeline, 3)
        np.testing.assert_array_equal(made[row], expected)
    np.testing.assert_array_equal(made[copies == 0], images[copies == 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_may_be_replaced_by_their_variants_and_lie_anyhow(channels):
    whole = np.random.default_rng(0).integers(0, 256, (30, 40, 60, channels), dtype=np.uint8)
    images = whole[:, ::-2, ::3]
    expected = make_variants(images.copy(), 1, compose(POLICY), 3)
    np.testing.assert_array_equal(make_variants(images, 1, compose(POLICY), 3), expected)
    made = make_variants(images, 1, compose(POLICY), 3, out=images)
    assert made is images
    np.testing.assert_array_equal(images, expected)


def test_rows_want_a_number_each_and_keep_their_shape():
    images = np.zeros((2, 9, 7, 3), np.uint8)
    with pytest.raises(ValueError, match="broadcast"):
        make_variants(images, [1, 2, 3], compose(POLICY), 0)
    turn = compose(make_policy([{"Transpose": {"p": 1.0}}]))
    with pytest.raises(ValueError, match=r"into uint8 \(7, 9, 3\); remove"):
        make_variants(images, [0, 1], turn, 0)


def test_the_origin_is_of_pixels_and_parameters(labelled_images):
    def describe(images=labelled_images, policy=POLICY, copies=2, seed=0):
        return augment_images(images, policy, copies, seed).origin

    changed = labelled_images.copy()
    changed["image"][5, 3, 3, 0] ^= 1
    others = [
        describe(changed),
        describe(policy=POLICY[:2]),
        describe(policy=[POLICY[0] | {"arguments": {"rotate": [-30, 31], "p": 1.0}}, *POLICY[1:]]),
        describe(copies=3),
        describe(seed=1),
    ]
    assert describe(labelled_images.copy()) == describe()
    assert len({describe(), *others}) == 6
