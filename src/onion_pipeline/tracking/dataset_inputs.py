"""The images of a run as MLflow's dataset inputs, which show what runs have the same data."""

import json
from typing import Any
from urllib.parse import urlsplit

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.stratification import SPLITS
from onion_pipeline.origin import SHORT, hash_values
from onion_pipeline.tracking.mlflow_client import import_client

SCHEMA = {
    "mlflow_colspec": [
        {"type": "binary", "name": "image", "required": True},
        {"type": "string", "name": "label", "required": True},
    ]
}


def log_datasets(run_id: str, splits: DataFrame, name: str, source: str) -> None:
    """Log the images for training, validation and test as inputs of a run.

    Args:
        run_id: the run.
        splits: columns ``label``, ``split`` and ``sha256``, one row per image.
        name: of the data, as the MLflow UI shows it.
        source: where the data is, without credentials.
    """
    parts = ((splits[splits["split"] == split], split) for split in SPLITS)
    inputs = [_make_input(images, split, name, source) for images, split in parts]
    import_client().log_inputs(run_id, inputs)


def hash_images(images: DataFrame) -> str:
    """Return a digest of the contents and labels of `images`, whatever their order and names."""
    return hash_values(*sorted(zip(images["sha256"], images["label"], strict=True)))[:SHORT]


def _make_input(images: DataFrame, split: str, name: str, source: str) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    counts = images["label"].value_counts().sort_index()
    profile = {
        "num_rows": len(images),
        "classes": len(counts),
        "images_per_class": {str(label): int(count) for label, count in counts.items()},
    }
    kind = urlsplit(source).scheme if "://" in source else "local"
    texts = (json.dumps(each) for each in ({"uri": source}, SCHEMA, profile))
    dataset = Dataset(name, hash_images(images), kind, *texts)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", split)])
