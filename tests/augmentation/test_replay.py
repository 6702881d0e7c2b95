import numpy as np
import pytest

from onion_pipeline.augmentation.operations import list_operations
from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.replay import draw_policy
from onion_pipeline.augmentation.variants import make_variants


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (21, 17, 3), dtype=np.uint8)


def draw_alone(image, step, draws, seed):
    (drawn,) = draw_policy(image, [step], draws, seed)
    return drawn.draws


def test_each_draw_is_another_one_and_always_the_same(image):
    step = Step(name="Affine", arguments={"rotate": [-20, 20], "p": 0.1})
    draws = draw_alone(image, step, 3, seed=1)
    again = draw_alone(image, step, 3, seed=1)
    assert [draw.arguments for draw in draws] == [draw.arguments for draw in again]
    assert len({draw.arguments["rotate"] for draw in draws}) == 3
    for draw, same in zip(draws, again, strict=True):
        np.testing.assert_array_equal(draw.image, same.image)


@pytest.mark.parametrize(
    ("arguments", "name", "expected"),
    [
        ({"rotate": [10, 10]}, "rotate", 10),
        ({"translate_px": {"x": [2, 2], "y": [0, 0]}}, "x", 2),
        ({"translate_px": {"x": [0, 0], "y": [3, 3]}}, "y", 3),
        ({"scale": [1.5, 1.5]}, "scale x", 1.5),
    ],
)
def test_an_affine_transform_is_described_by_what_it_does(image, arguments, name, expected):
    still = {"rotate": [0, 0], "shear": [0, 0], "scale": [1, 1], "translate_px": [0, 0]}
    (draw,) = draw_alone(image, Step(name="Affine", arguments=still | arguments), 1, seed=0)
    others = {"rotate": 0, "shear": 0, "x": 0, "y": 0, "scale x": 1, "scale y": 1}
    if name == "scale x":
        others["scale y"] = expected
    assert draw.arguments == pytest.approx(others | {name: expected}, abs=1e-5)


def test_a_shear_is_the_angle_that_the_upright_leans(image):
    step = Step(
        name="Affine",
        arguments={"rotate": [0, 0], "shear": {"x": [15, 15], "y": [0, 0]}, "scale": [1, 1]},
    )
    (draw,) = draw_alone(image, step, 1, seed=0)
    assert abs(draw.arguments["shear"]) == pytest.approx(15, abs=1e-4)


def test_the_arguments_of_others_are_their_numbers(image):
    (draw,) = draw_alone(image, Step(name="CoarseDropout", arguments={}), 1, seed=0)
    assert set(draw.arguments) == {"holes"}
    (left, top, right, bottom) = draw.arguments["holes"][0]
    assert (draw.image[top:bottom, left:right] == 0).all()
    (draw,) = draw_alone(image, Step(name="HorizontalFlip", arguments={}), 1, seed=0)
    assert draw.arguments == {}
    np.testing.assert_array_equal(draw.image, image[:, ::-1])
    (draw,) = draw_alone(image, Step(name="GaussNoise", arguments={}), 1, seed=0)
    assert draw.arguments == {}


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        ([("rotate", -13.5), ("equalize", 0)], {"rotate": "-14°", "equalize": "fully"}),
        ([("identity", 0)], {"identity": "as it was"}),
        ([("shear x", 20.0), ("translate y", -3)], {"shear x": "20°", "translate y": "-3 px"}),
        ([("posterize", 4), ("solarize", 0.5)], {"posterize": "4 bits", "solarize": "from 50% on"}),
        ([("color", 1.3), ("color", 0.7)], {"color": "× 1.30", "color (2)": "× 0.70"}),
    ],
)
def test_operations_are_told_by_name_and_strength(operations, told, image, monkeypatch):
    monkeypatch.setattr(
        "onion_pipeline.augmentation.operations.draw_operations", lambda *_: [operations]
    )
    (draw,) = draw_alone(image, Step(name="TrivialAugment", arguments={}), 1, seed=0)
    assert draw.arguments == told


def test_every_operation_that_is_drawn_is_told(image):
    step = Step(name="RandAugment", arguments={"num_ops": 4})
    draws = draw_alone(image, step, 40, seed=0)
    assert {len(draw.arguments) for draw in draws} == {4}
    told = {name.partition(" (")[0] for draw in draws for name in draw.arguments}
    assert told == set(list_operations(3))


def test_a_policy_is_shown_transform_by_transform(image):
    policy = [
        Step(name="HorizontalFlip", arguments={"p": 0.25}),
        Step(name="GaussNoise", arguments={}),
    ]
    flip, noise = draw_policy(image, policy, draws=2, seed=0)
    assert (flip.name, flip.probability, len(flip.draws)) == ("HorizontalFlip", 0.25, 2)
    assert noise.probability == 0.5  # what albumentations does unless told otherwise
    np.testing.assert_array_equal(flip.draws[0].image, image[:, ::-1])


@pytest.mark.parametrize(
    "step",
    [
        Step(name="GaussNoise", arguments={"p": 1}),
        Step(name="ColorJitter", arguments={"p": 1}),
        Step(name="Affine", arguments={"rotate": [-40, 40], "p": 1}),
        Step(name="TrivialAugment", arguments={}),
        Step(name="RandAugment", arguments={"num_ops": 3}),
        Step(name="RandomResizedCrop", arguments={}),
    ],
    ids=lambda step: step["name"],
)
def test_a_draw_is_that_of_the_variant_of_its_number(image, step):
    made = make_variants(np.stack([image] * 3), [1, 2, 3], compose([step]), seed=5)
    shown = [draw.image for draw in draw_alone(image, step, 3, seed=5)]
    np.testing.assert_array_equal(shown, made)


def test_arguments_do_not_depend_on_the_transforms_beside(image):
    flip, jitter = (Step(name=name, arguments={}) for name in ("HorizontalFlip", "ColorJitter"))
    (_, first), (_, second) = (
        draw_policy(image, [beside, jitter], 4, seed=0)
        for beside in (flip, Step(name="GaussianBlur", arguments={}))
    )
    for one, other in zip(first.draws, second.draws, strict=True):
        assert one.arguments == other.arguments
