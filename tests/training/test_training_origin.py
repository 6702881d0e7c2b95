import numpy as np
import pytest

from onion_pipeline import origin
from onion_pipeline.augmentation.streaming import StreamedImages
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import EarlyStopping
from onion_pipeline.training import training_origin
from onion_pipeline.training.training_origin import (
    compare_origins,
    describe_training,
    hash_json,
)

LAYERS = ["flatten", {"dense": {"units": 16, "activation": "relu"}}]
POLICY = [{"name": "HorizontalFlip", "arguments": {"p": 0.5}}]


@pytest.fixture
def arguments(untrained, make_noise, parameters):
    return {
        "untrained": untrained,
        "images": make_noise(9, 0),
        "validation": make_noise(6, 1),
        "parameters": parameters,
        "seed": 5,
    }


@pytest.fixture
def compare(arguments):
    """A function that says how a training with other arguments differs."""
    earlier = describe_training(**arguments)

    def compare(**changes):
        present = describe_training(**{**arguments, **changes})
        differs = hash_json(earlier) != hash_json(present)
        said = compare_origins(earlier, present)
        assert differs == bool(said)
        return said

    return compare


def test_the_same_is_the_same(compare, arguments, tmp_path):
    np.save(tmp_path / "images.npy", arguments["images"])
    assert compare(images=np.load(tmp_path / "images.npy", mmap_mode="r")) == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"epochs": 8}, "parameters (train.epochs 3 -> 8)"),
        ({"optimizer": "adam"}, "parameters (train.optimizer sgd -> adam)"),
        (
            {"early_stopping": EarlyStopping(patience=2), "schedule": "cosine"},
            'parameters (train.early_stopping null -> {"patience": 2, "min_delta": 0.0}, '
            "train.schedule constant -> cosine)",
        ),
        ({"checkpoint_minutes": 0.5}, ""),
    ],
)
def test_parameters_are_named_with_their_values(compare, parameters, changes, expected):
    assert compare(parameters=parameters.model_copy(update=changes)) == expected


def test_another_seed_is_another_training(compare):
    assert compare(seed=6) == "parameters (seed 5 -> 6)"


@pytest.mark.parametrize("name", ["images", "validation"])
def test_another_image_is_another_training(compare, arguments, name):
    other = arguments[name].copy()
    other["image"][-1, -1, -1, -1] ^= 1
    which = {"images": "training", "validation": "validation"}[name]
    assert compare(**{name: other}) == f"data ({which} images)"


@pytest.mark.parametrize(("policy", "copies", "seed"), [([], 2, 3), (POLICY, 3, 3), (POLICY, 2, 4)])
def test_streamed_images_count_by_what_makes_them(arguments, make_noise, policy, copies, seed):
    def describe(*draws):
        streamed = StreamedImages(make_noise(4, 0), *draws)
        return describe_training(**{**arguments, "images": streamed})

    earlier = describe(POLICY, 2, 3)
    assert describe(POLICY, 2, 3) == earlier
    assert compare_origins(earlier, describe(policy, copies, seed)) == "data (training images)"


def test_the_same_network_built_once_more_is_the_same(compare):
    again = build_model(read_layers(LAYERS), (8, 8, 1), 3, seed=0)
    assert compare(untrained=again) == ""


@pytest.mark.parametrize("layers", [["flatten", {"dropout": {"rate": 0.1}}], ["flatten"]])
def test_another_network_or_other_first_weights_are_another_training(compare, untrained, layers):
    assert compare(untrained=build_model(read_layers(layers), (8, 8, 1), 3, seed=0)) == (
        "initial weights (untrained_model)"
    )
    untrained.set_weights([weights + 1 for weights in untrained.get_weights()])
    assert compare() == "initial weights (untrained_model)"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("hash_code", lambda: "other", "code (onion_pipeline)"),
        ("count_processors", lambda: 99, "processors (number "),
        ("read_processor", lambda entry: "One", "processors (kind "),
        ("choose_precision", lambda *_: "half", "processors (precision "),
        ("list_gpus", lambda: [{"device_name": "A"}], 'processors (graphics [] -> ["A"])'),
        ("version", lambda name: f"0 of {name}", "libraries (albumentations "),
    ],
)
def test_other_code_libraries_and_processors_are_other_trainings(
    compare, monkeypatch, name, value, expected
):
    owner = origin if name == "version" else training_origin
    monkeypatch.setattr(owner, name, value)
    assert compare().startswith(expected)


def test_the_setting_of_onednn_counts(compare, monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert compare() == 'processors (TF_ENABLE_ONEDNN_OPTS "" -> 0)'


def test_several_differences_are_all_named(compare, monkeypatch):
    monkeypatch.setattr(training_origin, "hash_code", lambda: "other")
    assert compare(seed=6) == "parameters (seed 5 -> 6), code (onion_pipeline)"
