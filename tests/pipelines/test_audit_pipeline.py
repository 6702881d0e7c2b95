import hashlib

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import DataError
from onion_pipeline.evaluation.predictions import tabulate_predictions
from onion_pipeline.images.arrays import labelled_dtype, make_keys
from onion_pipeline.images.splits import assign_folds
from onion_pipeline.model.architecture import read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import (
    AuditParameters,
    AugmentParameters,
    EvaluateParameters,
    IngestParameters,
    TrainParameters,
)
from onion_pipeline.pipelines.audit.pipeline import create_pipeline
from onion_pipeline.training import fit

pytestmark = pytest.mark.slow  # trainings

COUNT, SHAPE = 120, (6, 6, 1)
NAMES = ["ant", "bee", "cat"]
PLANTED = [5, 25, 50, 38, 94, 55]  # 5 %; 38 and 94 are for validation, 55 is for the test
TRUTH = np.arange(COUNT) % 3
SPLITS = np.resize(["train", "train", "train", "validation", "train", "train", "test"], COUNT)
QUICK = {"epochs": 8, "batch_size": 8, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def labels():
    """The truth, of which the planted ones are the next class."""
    labels = TRUTH.copy()
    labels[PLANTED] = (TRUTH[PLANTED] + 1) % 3
    return labels


@pytest.fixture(scope="module")
def pictures():
    """Noise with a stripe whose place is the class; faint, and so hard, in every fourth one."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 60, (COUNT, *SHAPE), dtype=np.uint8)
    for row, truth in enumerate(TRUTH):
        pictures[row, 2 * truth : 2 * truth + 2] += 180 if row % 4 else 60
    return pictures


@pytest.fixture(scope="module")
def image_splits(labels):
    checksums = [hashlib.sha256(bytes([row])).hexdigest() for row in range(COUNT)]
    return pd.DataFrame(
        {
            "path": [f"{row}.png" for row in range(COUNT)],
            "label": [NAMES[label] for label in labels],
            "split": SPLITS,
            "sha256": checksums,
            "cluster": np.arange(COUNT) // 2 * 2,  # one and the next belong together
        }
    )


@pytest.fixture(scope="module")
def select(pictures, labels):
    """A function that returns the labelled images of a split, as copies of this number."""

    def select(split, copy=0):
        rows = np.flatnonzero(split == SPLITS)
        images = np.zeros(len(rows), labelled_dtype(SHAPE))
        images["image"], images["label"] = pictures[rows] + copy, labels[rows]
        images["index"], images["copy"] = rows, copy
        return images

    return select


@pytest.fixture(scope="module")
def inputs(pictures, image_splits, select, load_conf, precision):
    """What a run has left, and parameters for an audit of seconds."""
    parameters = load_conf()["parameters"]
    train, ingest, evaluate = (parameters[name] for name in ("train", "ingest", "evaluate"))
    decoded = np.zeros(COUNT, [("image", np.uint8, SHAPE), ("key", np.uint64)])
    decoded["image"], decoded["key"] = pictures, make_keys(image_splits["sha256"])
    test = select("test")
    sure = np.where(test["index"] % 4, 0.98, 0.6)[:, None]
    answers = np.where(np.arange(3) == TRUTH[test["index"]][:, None], sure, (1 - sure) / 2)
    return {
        "untrained_model": build_model(read_layers(["flatten"]), SHAPE, 3, seed=0),
        "augmented_images": np.concatenate([select("train"), select("train", copy=1)]),
        "validation_images": select("validation"),
        "backbone_features": np.zeros(0, labelled_dtype((0,), np.float32)),
        "test_predictions": tabulate_predictions(test, answers, image_splits["path"], NAMES),
        "image_splits": image_splits,
        "decoded_images": decoded,
        "class_names": NAMES,
        "params:audit": AuditParameters(folds=3, shown=4),
        "params:ingest": IngestParameters.model_validate({**ingest, "seed": 1}),
        "augmentation_policy": [],
        "params:augment": AugmentParameters(copies=1, keep=True, transforms=[]),
        "params:train": TrainParameters.model_validate(train | QUICK | {"precision": precision}),
        "params:evaluate": EvaluateParameters.model_validate(evaluate),
        "params:seed": 1,
    }


@pytest.fixture(scope="module")
def audit(run_nodes, inputs, keras):
    """A function that runs the audit; also returns what each network was trained on."""

    def audit(**changes):
        seen = []

        def note(untrained, images, validation, **others):
            seen.append((images[np.arange(len(images))], validation["index"]))
            return train_model(untrained, images, validation, **others)

        train_model = fit.train_model
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fit, "train_model", note)
            return run_nodes(create_pipeline(), inputs | changes), seen

    return audit


@pytest.fixture(scope="module")
def audited(audit):
    return audit()


def test_wrong_labels_of_every_split_are_found_and_no_sound_one(audited):
    issues = audited[0]["label_issues"]
    assert set(issues["path"]) <= {f"{row}.png" for row in PLANTED}
    assert len(issues) >= len(PLANTED) - 1  # the network may be less sure of one than on average
    assert set(issues["split"]) == {"train", "validation", "test"}
    truth = [NAMES[TRUTH[int(path[:-4])]] for path in issues["path"]]
    assert issues["suggested_label"].tolist() == truth
    assert (issues["label"] != issues["suggested_label"]).all()
    assert issues["label_quality"].is_monotonic_increasing


def test_every_image_but_those_of_the_test_is_predicted_once(audited, image_splits):
    predictions = audited[0]["out_of_fold_predictions"]
    expected = image_splits[image_splits["split"] != "test"]
    assert predictions["path"].tolist() == expected["path"].tolist()
    assert predictions["split"].tolist() == expected["split"].tolist()
    assert predictions["label"].tolist() == expected["label"].tolist()
    probabilities = predictions[[f"probability_{name}" for name in NAMES]]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_history_of_each_fold_is_kept(audited):
    histories = audited[0]["fold_histories"]
    assert histories.groupby("fold")["best"].sum().to_dict() == {0: 1, 1: 1, 2: 1}


def test_the_folds_are_those_of_the_splits(audited, image_splits):
    table = audited[0]["image_folds"]
    pd.testing.assert_series_equal(table["fold"], assign_folds(image_splits, 3, 1).rename("fold"))
    predictions = audited[0]["out_of_fold_predictions"]
    assert predictions["fold"].tolist() == table["fold"].dropna().tolist()


def test_no_network_has_trained_on_what_it_predicts_or_on_its_like(audited, image_splits):
    outputs, seen = audited
    predictions = outputs["out_of_fold_predictions"]
    clusters = image_splits.set_index("path")["cluster"]
    assert len(seen) == 3
    for fold, (trained, validated) in enumerate(seen):
        learned = {*trained["index"], *validated}
        predicted = predictions.loc[predictions["fold"] == fold, "path"]
        assert not set(image_splits["cluster"].iloc[sorted(learned)]) & set(clusters[predicted])
        assert len(learned) + len(predicted) == len(predictions)
        assert not set(trained["index"]) & set(validated)
        assert {0, 1} == set(trained["copy"])  # with their variants


def test_the_figure_shows_the_worst(audited, pictures):
    cells = [cell for cell in audited[0]["suspect_labels"].axes if cell.images]
    rows = [int(path[:-4]) for path in audited[0]["label_issues"]["path"][:4]]
    for cell, row in zip(cells, rows, strict=True):
        np.testing.assert_array_equal(cell.images[0].get_array(), pictures[row, ..., 0])
        assert cell.get_xlabel() == f"looks like {NAMES[TRUTH[row]]}"


def test_an_audit_with_the_same_seed_says_the_same(audit, audited):
    again, _ = audit()
    for name in ("out_of_fold_predictions", "label_issues"):
        pd.testing.assert_frame_equal(again[name], audited[0][name], check_exact=True)


def test_too_few_images_of_a_class_are_an_error_before_anything_is_trained(audit, image_splits):
    few = image_splits.assign(cluster=np.where(image_splits["label"] == "cat", 0, np.arange(COUNT)))
    with pytest.raises(DataError, match=r"3 folds need 3 images of each class .* cat has 1"):
        audit(image_splits=few)


def test_images_of_another_run_are_an_error(audit, select):
    with pytest.raises(DataError, match="one is left from another run"):
        audit(validation_images=select("validation")[1:])
