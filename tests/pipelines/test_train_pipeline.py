import numpy as np
import pandas as pd
import pytest

from onion_pipeline.augmentation.policy import make_policy
from onion_pipeline.augmentation.variants import augment_images
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.pipelines.train.pipeline import create_pipeline
from onion_pipeline.training import epochs

pytestmark = pytest.mark.slow  # trainings


@pytest.fixture
def values(labelled_images, base_parameters, keras, tmp_path, precision):
    """What the pipeline reads."""
    changes = {"epochs": 2, "batch_size": 4, "precision": precision}
    files = pd.DataFrame({"path": ["a.png", "b.png", "c.png"], "label": ["a", "b", "b"]})
    files["sha256"] = [f"{number:064x}" for number in range(3)]
    return {
        "image_index": files.assign(reason=[None, None, "truncated"]),
        "image_splits": files[:2].assign(split=["train", "validation"]),
        "params:images": "photos",
        "params:ingest": base_parameters.ingest,
        "params:build": base_parameters.build,
        "untrained_model": build_model(read_layers(["flatten"]), (12, 12, 3), 3, seed=0),
        "augmented_images": labelled_images,
        "validation_images": labelled_images[:6],
        "augmentation_policy": [],
        "training_checkpoints": tmp_path / "checkpoints",
        "params:augment": base_parameters.augment.model_copy(update={"copies": 0}),
        "params:train": base_parameters.train.model_copy(update=changes),
        "params:evaluate": base_parameters.evaluate,
        "params:seed": 1,
    }


@pytest.fixture
def made(run_nodes, values):
    return values["untrained_model"], run_nodes(create_pipeline(), values)


def test_training_leaves_a_network_its_history_and_curves(made):
    untrained, outputs = made
    trained = outputs["trained_model"]
    assert trained.output_shape == untrained.output_shape
    changed = zip(trained.get_weights(), untrained.get_weights(), strict=True)
    assert any((new != old).any() for new, old in changed)
    history = outputs["training_history"]
    assert list(history["epoch"]) == [1, 2]
    assert history["best"].sum() == 1
    loss, *_ = outputs["training_curves"].data
    assert list(loss.y) == list(history["loss"])


def test_training_leaves_what_the_network_was_made_of(made):
    lineage, images = (made[1][name] for name in ("model_lineage", "image_lineage"))
    assert lineage["source"] == "photos"
    assert lineage["parameters"]["train"]["epochs"] == 2
    groups = {"ingest", "augment", "build", "train", "evaluate"}
    assert set(lineage["parameters"]) == {"hash", *groups}
    effective = {"class_frequencies", "target_accuracy", "target_coverage", "set_coverage"}
    assert set(lineage["parameters"]["evaluate"]) == effective
    history = made[1]["training_history"]
    best = history.loc[history["best"], "epoch"].item()
    assert lineage["training"] == {"epochs": 2, "best_epoch": best}
    assert images.to_dict("list") == {
        "path": ["a.png", "b.png"],
        "label": ["a", "b"],
        "sha256": ["0" * 16] * 2,
        "split": ["train", "validation"],
    }


def test_the_best_epoch_is_the_one_that_is_kept(made, labelled_images, keras):
    _, outputs = made
    history = outputs["training_history"]
    answers = outputs["trained_model"].predict_on_batch(labelled_images["image"][:6])
    right = np.asarray(answers)[np.arange(6), labelled_images["label"][:6]]
    best = history.loc[history["best"], "validation_loss"].item()
    assert best == history["validation_loss"].min()
    np.testing.assert_allclose(-np.log(right).mean(), best, rtol=1e-5)


def test_the_pipeline_takes_a_finished_training_from_its_checkpoint(
    made, run_nodes, values, monkeypatch
):
    _, outputs = made
    monkeypatch.setattr(epochs, "run_epochs", None)
    again = run_nodes(create_pipeline(), values)
    weights = (found["trained_model"].get_weights() for found in (outputs, again))
    assert all(map(np.array_equal, *weights))
    assert again["training_history"].equals(outputs["training_history"])


def test_streamed_variants_train_to_the_same_weights_as_kept_ones(
    run_nodes, labelled_images, base_parameters, values, tmp_path
):
    policy = make_policy(base_parameters.augment.transforms)
    train = values["params:train"].model_copy(update={"epochs": 3})
    results = []
    for keep in (True, False):
        copies = 2 if keep else 0
        augmented = augment_images(labelled_images, policy, copies, seed=1).gather()
        changes = {
            "augmented_images": augmented,
            "augmentation_policy": policy,
            "training_checkpoints": tmp_path / str(keep),
            "params:augment": base_parameters.augment.model_copy(
                update={"copies": 2, "keep": keep}
            ),
            "params:train": train,
        }
        results.append(run_nodes(create_pipeline(), values | changes))
    kept, streamed = (result["trained_model"].get_weights() for result in results)
    assert all(map(np.array_equal, kept, streamed))
    assert results[0]["training_history"].equals(results[1]["training_history"])
