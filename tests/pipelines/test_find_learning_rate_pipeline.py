import pytest

from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.find_learning_rate.pipeline import create_pipeline


@pytest.fixture
def values(labelled_images, base_parameters, keras):
    """What the pipeline reads: neither checkpoints nor a trained network."""
    changes = {"batch_size": 4, "precision": "float32"}
    return {
        "untrained_model": build_model(read_layers(["flatten"]), (12, 12, 3), 3, seed=0),
        "augmented_images": labelled_images,
        "augmentation_policy": [],
        "params:augment": base_parameters.augment.model_copy(update={"copies": 0}),
        "params:train": base_parameters.train.model_copy(update=changes),
        "params:seed": 1,
    }


def test_it_leaves_losses_and_their_curve_and_nothing_else(run_nodes, values):
    made = run_nodes(create_pipeline(), values)
    assert set(made) == {"learning_rate_losses", "learning_rate_curve"}
    losses = made["learning_rate_losses"]
    assert losses["learning_rate"].is_monotonic_increasing
    _, smoothed = made["learning_rate_curve"].data
    assert list(smoothed.y) == list(losses["smoothed_loss"])
