from copy import deepcopy
from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader

from onion_pipeline.errors import ConfigurationError, WeightsError
from onion_pipeline.hooks.parameter_checks import (
    check_parameters,
    check_transforms,
    check_weights,
)

CONF = Path(__file__).parents[2] / "conf"


def load(environment):
    loader = OmegaConfigLoader(str(CONF), base_env="base", default_run_env=environment)
    return loader["parameters"]


@pytest.fixture(scope="module")
def base():
    return load("base")


def change(raw, path, value):
    changed = deepcopy(raw)
    group = changed
    *groups, key = path.split(".")
    for name in groups:
        group = group[name]
    group[key] = value
    return changed


def complain(raw, check=check_parameters):
    with pytest.raises(ConfigurationError) as caught:
        check(raw)
    return str(caught.value)


def count_mistakes(message):
    return message.count("\n  - ")


PHOTOS = ["photos", "photos_probe", "photos_accurate", "photos_from_scratch"]


@pytest.mark.parametrize("environment", ["base", *PHOTOS, "resnet9"])
def test_the_shipped_parameters_are_valid(environment):
    raw = load(environment)
    check_parameters(raw)
    check_transforms(raw)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("bild", {}, ["bild: 'bild' is unknown", "did you mean 'build'?"]),
        ("train.epoch", 3, ["train.epoch:", "did you mean 'epochs'?"]),
        ("ingest.fractions.tst", 0.1, ["ingest.fractions.tst:", "did you mean 'test'?"]),
        ("train.early_stopping.patence", 1, ["patence", "did you mean 'patience'?"]),
        ("register.alas", "auto", ["register.alas:", "did you mean 'alias'?"]),
        ("train.epochs", -1, ["train.epochs is -1", "greater than 0"]),
        ("train.epochs", "ten", ["train.epochs is 'ten'", "valid integer"]),
        ("train.optimizer", "Adam", ["train.optimizer is 'Adam'", "'adam', 'adamw', 'sgd'"]),
        ("train.label_smoothing", 1, ["train.label_smoothing is 1", "less than 1"]),
        ("train.mixup", 20, ["train.mixup is 20", "less than or equal to 10"]),
        ("train.ema", 1.5, ["train.ema is 1.5", "less than 1"]),
        ("train.gradient_clipping", 0, ["train.gradient_clipping is 0", "greater than 0"]),
        ("train.schedule", "onecycle", ["train.schedule is 'onecycle'", "'one_cycle'"]),
        ("train.early_stopping", 3, ["train.early_stopping is 3"]),
        ("seed", -1, ["seed is -1", "greater than or equal to 0"]),
        ("evaluate.confidence_level", 95, ["evaluate.confidence_level is 95", "less than 1"]),
        ("ingest.fractions.test", 0.5, ["ingest.fractions is", "they must add up to 1"]),
        ("build", None, ["build is None"]),
        ("build.layers", [], ["build.layers is []", "at least 1"]),
        ("build.layers", "flatten", ["build.layers is 'flatten'", "list"]),
        ("build.layers", ["dens"], ["build.layers, number 1", "did you mean 'dense'?"]),
        ("augment.transforms", 5, ["augment.transforms is 5", "list"]),
        ("ingest.image_size", [2, 2], ["build.layers, number 1 (conv2d): 2x2x3 arrives"]),
    ],
)
def test_one_mistake_is_named_with_its_place_and_the_way_out(base, path, value, said):
    message = complain(change(base, path, value))
    assert message.startswith("A mistake in the parameters")
    assert count_mistakes(message) == 1
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize("size", [[0, 8], "small", [8], [8, 8, 3], 64, [True, 8], [9999, 8]])
def test_an_impossible_image_size_is_one_mistake_with_the_way_out(base, size):
    message = complain(change(base, "ingest.image_size", size))
    assert count_mistakes(message) == 1
    assert f"ingest.image_size is {size!r}: it must be auto, or height and width" in message


@pytest.mark.parametrize("group", ["ingest", "augment", "build", "train", "seed", "register"])
def test_a_missing_group_is_named(base, group):
    raw = {name: value for name, value in base.items() if name != group}
    assert f"{group} is missing." in complain(raw)


def test_all_mistakes_come_in_one_message(base):
    raw = change(base, "train.epochs", -1)
    raw = change(raw, "train.lerning_rate", 1)
    raw = change(raw, "build.layers", ["flaten", {"dense": {"units": 8, "activatoin": "relu"}}])
    raw = change(raw, "augment.transforms", [{"HorizontalFlp": None}])
    message = complain(raw)
    assert message.startswith("5 mistakes")
    assert count_mistakes(message) == 5
    names = ["learning_rate", "flatten", "activation", "HorizontalFlip"]
    assert [name for name in names if f"did you mean {name!r}?" not in message] == []


def test_transforms_alone_are_checked_by_their_own_check(base):
    raw = change(base, "augment.transforms", [{"Afine": None}, {"HorizontalFlip": {"q": 1}}])
    check_parameters(raw)
    message = complain(raw, check_transforms)
    assert message.startswith("2 mistakes")
    assert "did you mean 'Affine'?" in message


def test_a_refused_value_of_a_transform_is_one_mistake(base):
    raw = change(base, "augment.transforms", [{"HorizontalFlip": {"p": 2}}])
    message = complain(raw, check_transforms)
    assert count_mistakes(message) == 1


@pytest.mark.parametrize("layer", [{"dense": 128}, {"dropout": 0.4}, {"activation": "relu"}])
def test_a_layer_with_a_bare_value_is_a_named_mistake(base, layer):
    message = complain(change(base, "build.layers", ["flatten", layer]))
    assert "build.layers, number 2" in message


def test_layers_are_not_walked_while_the_image_size_is_open(base):
    pools = [{"max_pooling2d": {"pool_size": 64}}]
    check_parameters(change(base, "build.layers", pools))
    raw = change(base, "ingest.image_size", [32, 32])
    assert "64x64" in complain(change(raw, "build.layers", pools))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "efficientnet_lit0"}, "backbone: name 'efficientnet_lit0' is unknown; did you "),
        (
            {"name": "efficientnet_lit0"},
            "did you mean 'efficientnet_lite0'? Allowed: convnext_tiny",
        ),
        ({"from_block": "conv5blok1", "trainable": "top"}, "did you mean 'conv5block1'?"),
        ({"from_block": "conv5block1"}, "from_block needs trainable: top, and trainable is all."),
        ({"trainable": "some"}, "backbone.trainable is 'some': input should be 'all', 'top' or"),
        ({"freeze": 3}, "argument of backbone 'freeze' is unknown"),
        ({"weights": 3}, "backbone.weights is 3: input should be a valid string."),
        ({"upscale": "maybe"}, "backbone.upscale is 'maybe'"),
    ],
)
def test_a_mistake_in_a_backbone_is_one_message(base, arguments, said):
    entry = {"backbone": {"name": "resnet50_v2", **arguments}}
    message = complain(change(base, "build.layers", [entry]))
    assert count_mistakes(message) == 1
    assert said in message


@pytest.mark.parametrize(
    ("environment", "phases", "said"),
    [
        ("base", ["probe"], "train.phases is ['probe'], and the network has no backbone"),
        ("photos_probe", ["probe", "fine_tuning"], "backbone.trainable is none"),
        ("photos", ["tuning"], "train.phases.0 is 'tuning'"),
    ],
)
def test_phases_that_the_network_cannot_have_are_one_mistake(environment, phases, said):
    message = complain(change(load(environment), "train.phases", phases))
    assert message.startswith("A mistake in the parameters")
    assert said in message


def test_a_backbone_is_the_first_layer_and_the_only_one(base):
    entry = {"backbone": {"name": "resnet50_v2"}}
    late = complain(change(base, "build.layers", ["flatten", {"dense": {"units": 2}}, entry]))
    assert "number 3: backbone comes after flatten, dense; it takes the picture itself" in late
    twice = complain(change(base, "build.layers", [entry, "global_average_pooling2d", entry]))
    assert "number 3: a second backbone; there can be one" in twice


def test_a_backbone_that_is_lined_up_by_nobody_is_a_mistake(base):
    entry = {"backbone": {"name": "resnet50_v2"}}
    message = complain(change(change(base, "build.layers", [entry]), "ingest.image_size", [64, 64]))
    assert "2x2x2048 arrives: it weighs one row of numbers" in message


@pytest.mark.parametrize("size", [[16, 64], [31, 31]])
def test_pictures_that_may_not_be_enlarged_are_a_mistake(base, size):
    layers = [{"backbone": {"name": "resnet50_v2", "upscale": False}}, "flatten"]
    message = complain(change(change(base, "build.layers", layers), "ingest.image_size", size))
    assert "resnet50_v2 needs sides of at least 32 pixels" in message


def test_weights_are_looked_for_without_keras(base, tmp_path, monkeypatch, caplog):
    def begin_with(name, weights):
        return change(base, "build.layers", [{"backbone": {"name": name, "weights": weights}}])

    check_weights(base)
    for weights in ("imagenet", None):
        check_weights(begin_with("efficientnet_lite0", weights))
    with pytest.raises(WeightsError, match=f"there is no file {tmp_path}/mine.h5"):
        check_weights(begin_with("resnet50_v2", str(tmp_path / "mine.h5")))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with caplog.at_level("INFO"):
        check_weights(begin_with("resnet50_v2", "imagenet"))
    assert f"resnet50_v2 (some 94.3 MB) are not in {tmp_path / 'models'} yet" in caplog.text
