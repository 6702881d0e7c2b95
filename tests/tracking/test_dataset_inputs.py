import json

import pandas as pd
import pytest

from onion_pipeline.tracking.dataset_inputs import hash_images, log_datasets
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.runs import start_run


@pytest.fixture
def splits():
    return pd.DataFrame(
        {
            "path": ["1", "2", "3", "4", "5"],
            "label": ["a", "b", "b", "a", "b"],
            "split": ["train", "train", "train", "validation", "test"],
            "sha256": ["11", "22", "33", "44", "55"],
        }
    )


@pytest.fixture
def inputs(mlflow_store, splits):
    run_id = start_run("onions", "photos", mlflow_store / "kept", {}, {})
    log_datasets(run_id, splits, "photos", "s3://bucket/photos.zip")
    found = import_client().get_run(run_id).inputs.dataset_inputs
    return {each.tags[0].value: each.dataset for each in found}


def test_each_split_is_an_input_with_its_source_and_counts(inputs):
    assert set(inputs) == {"train", "validation", "test"}
    train = inputs["train"]
    assert (train.name, train.source_type) == ("photos", "s3")
    assert json.loads(train.source) == {"uri": "s3://bucket/photos.zip"}
    assert json.loads(train.profile) == {
        "num_rows": 3,
        "classes": 2,
        "images_per_class": {"a": 1, "b": 2},
    }


def test_the_inputs_have_different_digests(inputs):
    assert len({dataset.digest for dataset in inputs.values()}) == 3


def test_a_digest_is_of_contents_and_labels_alone(splits):
    renamed = splits.assign(path=["x"] * 5).sample(frac=1, random_state=0)
    assert hash_images(renamed) == hash_images(splits)
    assert hash_images(splits.assign(label="a")) != hash_images(splits)
    assert hash_images(splits.assign(sha256="11")) != hash_images(splits)
