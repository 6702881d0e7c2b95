import os
import warnings

import numpy as np
import pytest

from onion_pipeline.augmentation.policy import (
    compose,
    import_albumentations,
    list_transforms,
    make_policy,
)
from onion_pipeline.errors import TransformError

FLIP = {"HorizontalFlip": {"p": 1.0}}


def complain(*transforms):
    with pytest.raises(TransformError) as caught:
        make_policy(transforms)
    return str(caught.value)


def test_transforms_keep_their_order_and_arguments():
    policy = make_policy([{"Rotate": {"limit": [-5, 5]}}, FLIP])
    assert policy == [
        {"name": "Rotate", "arguments": {"limit": [-5, 5]}},
        {"name": "HorizontalFlip", "arguments": {"p": 1.0}},
    ]


@pytest.mark.parametrize("arguments", [None, {}, {"enabled": True}])
def test_a_transform_without_arguments_has_its_defaults(arguments):
    assert make_policy([{"Transpose": arguments}]) == [{"name": "Transpose", "arguments": {}}]


def test_a_transform_that_is_switched_off_is_left_out():
    assert [s["name"] for s in make_policy([{"Rotate": {"enabled": False}}, FLIP])] == [
        "HorizontalFlip"
    ]


def test_a_transform_that_is_switched_off_is_checked_all_the_same():
    assert "did you mean 'limit'?" in complain({"Rotate": {"enabled": False, "limt": 3}})


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        ({"HorizontalFlp": {}}, ["transform 'HorizontalFlp'", "did you mean 'HorizontalFlip'?"]),
        ({"horizontalflip": {}}, ["did you mean 'HorizontalFlip'?"]),
        ({"Compose": {}}, ["transform 'Compose' is unknown"]),
        ({"Affine": {"rotat": 3}}, ["argument of Affine 'rotat'", "did you mean 'rotate'?"]),
        ({"HorizontalFlip": {"p": 2}}, ["HorizontalFlip refuses", "p", "less than or equal to 1"]),
        (
            {"HorizontalFlip": {"enabled": "no"}},
            ["HorizontalFlip.enabled is 'no'", "true or false"],
        ),
        ("HorizontalFlip", ["expected one transform with its arguments", "'HorizontalFlip'"]),
        (FLIP | {"Rotate": {}}, ["expected one transform with its arguments", "Rotate"]),
        (None, ["expected one transform with its arguments", "None"]),
        ({1: {}}, ["1"]),
    ],
)
def test_a_mistake_is_named_with_its_position_and_the_nearest_name(transform, said):
    message = complain(FLIP, transform)
    assert message.startswith("augment.transforms, number 2: ")
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize("value", [0.5, [0.5], "p"])
def test_a_value_in_place_of_arguments_is_refused(value):
    message = complain({"HorizontalFlip": value})
    assert message.startswith("augment.transforms, number 1: ")
    assert repr(value) in message


def test_all_mistakes_are_named_one_line_each():
    message = complain({"Rotat": None}, FLIP, {"HorizontalFlip": {"p": 2}}, {"Blur": {"q": 1}})
    assert [line.split(":")[0] for line in message.splitlines()] == [
        f"augment.transforms, number {position}" for position in (1, 3, 4)
    ]


def test_values_of_which_albumentations_only_warns_are_refused(monkeypatch):
    library = import_albumentations()

    class Warner(library.ImageOnlyTransform):
        def __init__(self, p=0.5):
            warnings.warn("dropped", UserWarning, stacklevel=1)

    monkeypatch.setattr(library, "Warner", Warner, raising=False)
    assert "Warner refuses its arguments: dropped" in complain({"Warner": {}})


def test_a_composed_policy_runs_its_transforms_in_order():
    image = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    policy = make_policy([FLIP, {"Transpose": {"p": 1.0}}])
    flipped = image[:, ::-1].transpose(1, 0, 2)
    ((_, changed),) = compose(policy)([image], np.zeros(1, np.uint64))
    np.testing.assert_array_equal(changed, flipped)


def test_an_empty_policy_changes_nothing():
    image = np.full((4, 4, 1), 7, np.uint8)
    ((_, changed),) = compose(make_policy([]))([image], np.zeros(1, np.uint64))
    np.testing.assert_array_equal(changed, image)


def test_transforms_of_pixels_are_listed_without_their_base_classes():
    names = list_transforms()
    assert {"TrivialAugment", "RandAugment", "RandomResizedCrop"} <= set(names)
    assert {"HorizontalFlip", "Affine", "CoarseDropout"} <= set(names)
    assert {"ImageOnlyTransform", "DualTransform", "Compose", "OneOf"}.isdisjoint(names)


def test_albumentations_asks_for_no_newer_version_and_starts_no_threads(monkeypatch):
    import cv2

    monkeypatch.delenv("NO_ALBUMENTATIONS_UPDATE", raising=False)
    cv2.setNumThreads(2)
    import_albumentations.__wrapped__()
    assert cv2.getNumThreads() == 1
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"
