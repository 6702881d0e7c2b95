"""What decides the result of a training to the last bit, and how two trainings differ in it."""

import json
import os
from collections.abc import Mapping
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.model.backend import import_keras
from onion_pipeline.origin import SHORT, TRAINING, find_versions, hash_code, hash_values
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.batches import ImageRows, list_inputs
from onion_pipeline.training.precision import choose_precision, list_gpus, read_processor
from onion_pipeline.workers.parallel import count_processors

Origin = dict[str, dict[str, Any]]
"""Values of JSON by kind and name."""

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

    The arguments are those of :func:`~onion_pipeline.training.fit.train_model`.
    """
    # When checkpoints are written changes nothing.
    written = parameters.model_dump(mode="json", exclude={"checkpoint_minutes"})
    return {
        "data": {
            "training images": hash_values(*list_inputs(images)),
            "validation images": hash_values(validation),
        },
        "parameters": {"seed": seed, **{f"train.{name}": value for name, value in written.items()}},
        "code": {"onion_pipeline": hash_code()},
        "libraries": find_versions(TRAINING),
        "processors": {
            **describe_processors(),
            "precision": choose_precision(parameters.precision, untrained),
        },
        "initial weights": {"untrained_model": hash_network(untrained)},
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


def hash_json(*values: Any) -> str:
    """Return hexadecimal digits that differ where values of JSON do."""
    return hash_values(*(json.dumps(value, sort_keys=True) for value in values))[:SHORT]


def find_changes(earlier: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values that differ, as ``[then, now]`` by name; ``None`` where there was none."""
    return {
        name: [earlier.get(name), present.get(name)]
        for name in sorted({*earlier, *present})
        if earlier.get(name) != present.get(name)
    }


def compare_origins(earlier: Origin, present: Origin) -> str:
    """Return in words what differs, such as ``parameters (train.epochs 6 -> 8), code``."""
    differences = []
    for kind, values in present.items():
        changes = [
            name if kind in HASHED else f"{name} {_show(then)} -> {_show(now)}"
            for name, (then, now) in find_changes(earlier.get(kind, {}), values).items()
        ]
        if changes:
            differences.append(f"{kind} ({', '.join(changes)})")
    return ", ".join(differences)


def _show(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def hash_network(model: KerasModel) -> str:
    """Return a hash of a network: its layers with their arguments, and its weights."""
    config = json.loads(json.dumps(model.get_config()))
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            del layer["config"]["name"]  # it tells how many there were in the same process
    return hash_values(json.dumps(config, sort_keys=True), *model.get_weights())
