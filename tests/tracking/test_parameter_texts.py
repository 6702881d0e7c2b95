from onion_pipeline.tracking.parameter_texts import LONGEST_PARAMETER, flatten_parameters


def test_nested_parameters_become_one_level_of_texts():
    nested = {"seed": 1, "train": {"epochs": 3, "early_stopping": {"patience": 2}}, "none": None}
    assert flatten_parameters(nested) == {
        "seed": "1",
        "train.epochs": "3",
        "train.early_stopping.patience": "2",
        "none": "None",
    }


def test_a_parameter_that_mlflow_would_refuse_is_cut():
    flat = flatten_parameters({"layers": ["flatten"] * LONGEST_PARAMETER})
    assert len(flat["layers"]) == LONGEST_PARAMETER
    assert flat["layers"].startswith("['flatten', ")


def test_layers_are_written_as_calls():
    layers = [{"conv2d": {"filters": 32, "activation": "relu"}}, "flatten", {"dropout": None}]
    flat = flatten_parameters({"layers": layers})
    assert flat == {"layers": "conv2d(filters=32, activation=relu), flatten, dropout"}


def test_transforms_that_are_switched_off_are_left_out():
    transforms = [
        {"Affine": {"rotate": [-12, 12], "p": 0.5}},
        {"HorizontalFlip": {"enabled": False, "p": 0.5}},
        {"CoarseDropout": {"enabled": True, "p": 0.25}},
    ]
    flat = flatten_parameters({"transforms": transforms})
    assert flat == {"transforms": "Affine(rotate=[-12, 12], p=0.5), CoarseDropout(p=0.25)"}


def test_numbers_stay_a_list():
    assert flatten_parameters({"image_size": [96, 96]}) == {"image_size": "[96, 96]"}


def test_no_parameter_shows_a_password():
    flat = flatten_parameters({"images": "s3://me:secret@host/photos"})
    assert flat == {"images": "s3://host/photos"}
