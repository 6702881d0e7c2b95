import pytest
from pydantic import ValidationError

from onion_pipeline.parameters import (
    AuditParameters,
    AugmentParameters,
    BuildParameters,
    EarlyStopping,
    EvaluateParameters,
    Fractions,
    IngestParameters,
    PredictParameters,
    PromoteParameters,
    RegisterParameters,
    TrainParameters,
)

FRACTIONS = {"train": 0.5, "validation": 0.25, "test": 0.25}
VALID = {
    IngestParameters: {
        "label_level": -1,
        "group_by": r"patient_(\d+)",
        "follow_links": True,
        "image_size": (8, 8),
        "color_mode": "rgb",
        "resize": "crop",
        "background": "#f0f0f0",
        "animation": "first_frame",
        "max_pixels": 1,
        "bit_depth": 12,
        "max_quarantined": 0.0,
        "near_duplicates": "ignore",
        "split_method": "stable",
        "fractions": FRACTIONS,
        "folds": 2,
    },
    AugmentParameters: {"copies": 1, "keep": False, "transforms": []},
    BuildParameters: {"layers": ["flatten"]},
    TrainParameters: {
        "epochs": 1,
        "variants_per_epoch": None,
        "batch_size": 1,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "schedule": "constant",
        "warmup_epochs": 0,
        "weight_decay": 0,
        "early_stopping": None,
        "class_weights": None,
        "precision": "float32",
    },
    EvaluateParameters: {
        "confidence_level": 0.9,
        "top_k": 2,
        "worst_mistakes": 1,
        "target_accuracy": 0.9,
        "target_coverage": None,
        "set_coverage": 0.9,
        "corrupted_images": 0,
        "fewest_in_slice": 1,
        "test_time_variants": 0,
    },
    AuditParameters: {"folds": 3, "shown": 1},
    RegisterParameters: {
        "model_name": "onion",
        "alias": "auto",
        "metric": "macro_f1",
        "significance": 0.01,
        "tolerance": 0.0,
        "max_class_drop": 1.0,
    },
    PromoteParameters: {"version": "previous"},
    PredictParameters: {"model": "models:/onion@champion"},
    Fractions: FRACTIONS,
    EarlyStopping: {"patience": 1},
}


@pytest.mark.parametrize("group", VALID)
def test_every_group_accepts_the_valid_values_and_is_frozen(group):
    values = group.model_validate(VALID[group])
    with pytest.raises(ValidationError, match="frozen"):
        setattr(values, next(iter(VALID[group])), 1)


@pytest.mark.parametrize("group", VALID)
def test_every_group_refuses_an_unknown_key(group):
    with pytest.raises(ValidationError, match="extra_forbidden"):
        group.model_validate(VALID[group] | {"colour": 1})


@pytest.mark.parametrize(("group", "key"), [(g, key) for g in VALID for key in VALID[g]])
def test_every_key_has_to_be_said(group, key):
    values = {name: value for name, value in VALID[group].items() if name != key}
    with pytest.raises(ValidationError, match="missing"):
        group.model_validate(values)


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        (IngestParameters, "image_size", (0, 8)),
        (IngestParameters, "image_size", (8, 4097)),
        (IngestParameters, "image_size", (8,)),
        (IngestParameters, "image_size", "small"),
        (IngestParameters, "color_mode", "cmyk"),
        (IngestParameters, "resize", "squash"),
        (IngestParameters, "label_level", 0),
        (IngestParameters, "label_level", "first"),
        (IngestParameters, "label_level", True),
        (IngestParameters, "group_by", "patient_("),
        (IngestParameters, "group_by", 7),
        (IngestParameters, "background", "onion"),
        (IngestParameters, "background", [255, 255, 255]),
        (IngestParameters, "animation", "last_frame"),
        (IngestParameters, "max_pixels", 0),
        (IngestParameters, "bit_depth", 7),
        (IngestParameters, "bit_depth", 17),
        (IngestParameters, "bit_depth", True),
        (IngestParameters, "bit_depth", "deep"),
        (IngestParameters, "max_quarantined", 1.01),
        (IngestParameters, "max_quarantined", -0.01),
        (IngestParameters, "near_duplicates", "remove"),
        (IngestParameters, "split_method", "random"),
        (IngestParameters, "folds", 1),
        (AugmentParameters, "copies", -1),
        (AugmentParameters, "copies", 101),
        (AugmentParameters, "transforms", "HorizontalFlip"),
        (BuildParameters, "layers", []),
        (TrainParameters, "epochs", -1),
        (TrainParameters, "epochs", 1.5),
        (TrainParameters, "batch_size", 0),
        (TrainParameters, "optimizer", "lion"),
        (TrainParameters, "learning_rate", 0),
        (TrainParameters, "schedule", "linear"),
        (TrainParameters, "warmup_epochs", -1),
        (TrainParameters, "weight_decay", -1),
        (TrainParameters, "early_stopping", {"patience": 0}),
        (TrainParameters, "early_stopping", {"patience": 1, "min_delta": -1}),
        (TrainParameters, "class_weights", "equal"),
        (TrainParameters, "precision", "float16"),
        (TrainParameters, "label_smoothing", 1),
        (TrainParameters, "label_smoothing", -0.1),
        (TrainParameters, "mixup", -0.1),
        (TrainParameters, "mixup", float("nan")),
        (TrainParameters, "cutmix", 11),
        (TrainParameters, "ema", 0),
        (TrainParameters, "ema", 1),
        (TrainParameters, "gradient_clipping", 0),
        (TrainParameters, "gradient_clipping", float("inf")),
        (EvaluateParameters, "confidence_level", 1),
        (EvaluateParameters, "confidence_level", 95),
        (EvaluateParameters, "top_k", 1),
        (EvaluateParameters, "worst_mistakes", 0),
        (EvaluateParameters, "target_accuracy", 1),
        (EvaluateParameters, "target_coverage", 1.5),
        (EvaluateParameters, "set_coverage", 90),
        (EvaluateParameters, "corrupted_images", -1),
        (EvaluateParameters, "fewest_in_slice", 0),
        (EvaluateParameters, "test_time_variants", -1),
        (EvaluateParameters, "test_time_flip", "sometimes"),
        (AuditParameters, "folds", 2),
        (AuditParameters, "shown", 0),
        (RegisterParameters, "model_name", "a/b"),
        (RegisterParameters, "model_name", "a:1"),
        (RegisterParameters, "alias", "best"),
        (RegisterParameters, "metric", "log_loss"),
        (RegisterParameters, "significance", 0),
        (RegisterParameters, "tolerance", -0.01),
        (RegisterParameters, "max_class_drop", 1.1),
        (PromoteParameters, "version", "latest"),
        (PromoteParameters, "version", 0),
        (PromoteParameters, "version", True),
        (Fractions, "train", 0),
        (Fractions, "train", 1.5),
    ],
)
def test_impossible_values_are_refused_by_key(group, key, value):
    with pytest.raises(ValidationError) as caught:
        group.model_validate(VALID[group] | {key: value})
    assert {error["loc"][0] for error in caught.value.errors()} == {key}


def test_a_version_is_a_number_or_the_previous_one():
    assert PromoteParameters(version=3).version == 3
    with pytest.raises(ValidationError, match="must be previous, or the number of a version"):
        PromoteParameters(version="3rd")


def test_fractions_have_to_add_up_to_one():
    with pytest.raises(ValidationError, match=r"add up to 0\.9 .*must add up to 1"):
        Fractions(train=0.5, validation=0.2, test=0.2)


def test_fractions_may_miss_one_by_rounding():
    third = 1 / 3
    assert Fractions(train=third, validation=third, test=third).train == third


def test_one_threshold_cannot_have_two_targets():
    both = VALID[EvaluateParameters] | {"target_coverage": 0.5}
    with pytest.raises(ValidationError, match="one threshold cannot meet both"):
        EvaluateParameters.model_validate(both)
