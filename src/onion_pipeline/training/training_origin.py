"""What decides the result of a training to the last bit, and how two trainings differ in it."""

import json
import os
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import import_keras
from onion_pipeline.origin import find_version, hash_code, hash_values
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.batches import ImageRows, StreamedRows
from onion_pipeline.training.precision import choose_precision, list_gpus, read_processor
from onion_pipeline.workers.parallel import count_processors

Origin = dict[str, dict[str, Any]]
"""Values of JSON by kind and name."""

LIBRARIES = (
    "albumentations",
    "keras",
    "numpy",
    "opencv-python-headless",
    "tensorflow",
    "tensorflow-cpu",
)
# Their values are hashes, of which nobody learns anything.
HASHED = {"data", "code", "initial weights"}


def describe_training(
    untrained: KerasModel,
    images: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
) -> Origin:
    """Return what decides the result of a training; arrays and code count by their hashes.

    Args:
        untrained: with its first weights.
        images: an array, or rows that are streamed.
        validation: an array.
        parameters: how to train; when checkpoints are written changes nothing.
        seed: of the order of the images and of Dropout.
    """
    written = parameters.model_dump(mode="json", exclude={"checkpoint_minutes"})
    return {
        "data": {
            "training images": _hash_images(images),
            "validation images": _hash_images(validation),
        },
        "parameters": {"seed": seed, **{f"train.{name}": value for name, value in written.items()}},
        "code": {"onion_pipeline": hash_code()},
        "libraries": {name: find_version(name) for name in LIBRARIES},
        "processors": {
            **describe_processors(),
            "precision": choose_precision(parameters.precision, untrained),
        },
        "initial weights": {"untrained_model": _hash_network(untrained)},
    }


def describe_processors() -> dict[str, Any]:
    """Return what computes, and how TensorFlow uses it: the last bits depend on both."""
    import_keras()
    import tensorflow as tf

    return {
        "number": count_processors(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "kind": read_processor("model name"),
        "graphics": [gpu.get("device_name", "") for gpu in list_gpus()],
        "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", ""),
    }


def hash_origin(origin: Origin) -> str:
    """Return 16 hexadecimal digits that differ where `origin` do."""
    return hash_values(json.dumps(origin, sort_keys=True))[:16]


def compare_origins(earlier: Origin, present: Origin) -> str:
    """Return in words what differs, such as ``parameters (train.epochs 6 -> 8), code``."""
    differences = []
    for kind, values in present.items():
        before = earlier.get(kind, {})
        names = [n for n in sorted({*before, *values}) if before.get(n) != values.get(n)]
        if names and kind in HASHED:
            differences.append(f"{kind} ({', '.join(names)})")
        elif names:
            changes = (f"{n} {_show(before.get(n))} -> {_show(values.get(n))}" for n in names)
            differences.append(f"{kind} ({', '.join(changes)})")
    return ", ".join(differences)


def _show(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def _hash_images(images: ImageRows) -> str:
    parts = images.list_inputs() if isinstance(images, StreamedRows) else (images,)
    return hash_values(*parts)


def _hash_network(model: KerasModel) -> str:
    config = json.loads(json.dumps(model.get_config()))
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            del layer["config"]["name"]  # it tells how many there were in the same process
    return hash_values(json.dumps(config, sort_keys=True), *model.get_weights())
