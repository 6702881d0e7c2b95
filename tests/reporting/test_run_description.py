import pandas as pd
import pytest

from onion_pipeline.model.architecture import read_layers, tabulate_architecture, walk_layers
from onion_pipeline.reporting.run_description import DESCRIBED, NOTE, describe_run

LAYERS = [{"conv2d": {"filters": 4, "kernel_size": 3}}, "flatten", {"dense": {"units": 8}}]
COUNTS = {"train": 7, "validation": 2, "test": 1}


@pytest.fixture
def found():
    rows = walk_layers(read_layers(LAYERS), (12, 12, 1), 2)
    history = {"epoch": [1, 2], "validation_loss": [0.25, 0.5], "validation_accuracy": [0.9, 0.8]}
    return {
        "class_names": ["a", "b"],
        "data_report": {"images": 2000, "classes": {"a": COUNTS, "b": COUNTS}},
        "architecture_table": tabulate_architecture(rows),
        "training_history": pd.DataFrame(history).assign(best=[True, False]),
        "metrics": {
            "accuracy": 0.5,
            "accuracy_interval": [0.25, 0.75],
            "macro_f1": 0.4,
            "test_images": 1000,
        },
        "registration": {
            "status": "registered",
            "model_name": "onions",
            "version": "3",
            "alias": "champion",
        },
        "label_issues": pd.DataFrame({"path": ["1.jpg"]}),
    }


def test_a_run_is_described_by_what_it_has_made(found):
    assert set(found) == DESCRIBED
    assert describe_run(found)[NOTE].replace("\u00a0", " ").split("  \n") == [
        "**Test** accuracy 50.0 % (25.0 to 75.0 %), macro F1 0.400, on 1,000 pictures.",
        "**Audit** 1 label is probably wrong.",
        "**Data** 2,000 pictures of 2 classes: 14 for training, 4 for validation and 2 for the "
        "test.",
        "**Network** conv2d 4, dense 8 (3,266 weights, 12x12x1).",
        "**Training** 2 epochs, of which number 1 was the best: validation loss 0.250, "
        "accuracy 90.0 %.",
        "**Model** [onions version 3](#/models/onions/versions/3), alias champion.",
    ]


def test_the_phases_of_a_training_are_told(found):
    history = found["training_history"].assign(phase=["probe", "fine_tuning"])
    note = describe_run({"training_history": history})[NOTE].replace("\u00a0", " ")
    assert note.startswith(
        "**Training** 1 epoch of the head alone and 1 epoch of fine-tuning, of which number 1 was "
        "the best"
    )


def test_a_run_is_found_by_its_classes_its_pictures_and_its_network(found):
    tags = describe_run(found)
    del tags[NOTE]
    assert tags == {
        "classes": "2",
        "image_size": "12x12x1",
        "network": "conv2d 4, dense 8",
        "weights": "3266",
    }


def test_grey_pictures_of_which_a_backbone_makes_colours_are_told_as_grey(found):
    table = found["architecture_table"].assign(output_shape="12x12x3")
    table.loc[0, "layer"] = "rgb"
    assert describe_run({"architecture_table": table})["image_size"] == "12x12x1"


@pytest.mark.parametrize("name", sorted(DESCRIBED))
def test_what_is_not_there_is_not_spoken_of(found, name):
    described = describe_run({name: found[name]})
    whole = describe_run(found)
    assert described.get(NOTE, "") in whole[NOTE]
    assert set(described) <= set(whole)


def test_a_run_that_made_nothing_of_it_has_no_description():
    assert describe_run({}) == {}


def test_a_model_that_is_not_registered_has_no_link():
    pending = {"status": "pending", "reason": "MLflow has gone."}
    note = describe_run({"registration": pending})[NOTE]
    assert note == "**Model** not registered yet: MLflow has gone."


def test_a_network_of_a_head_alone_is_described_as_such():
    table = tabulate_architecture(walk_layers(read_layers(["flatten"]), (4, 4, 1), 2))
    assert describe_run({"architecture_table": table})["network"] == "the head alone"
