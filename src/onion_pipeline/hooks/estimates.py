"""How much a run will write, told by the size of its pictures."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from onion_pipeline.images.arrays import decoded_dtype, labelled_dtype
from onion_pipeline.model.architecture import find_backbone, read_layers, walk_layers
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.features import find_features_shape
from onion_pipeline.training.phases import PROBE, choose_phases

# `registration` is the version of the model that MLflow keeps.
MODELS = frozenset({"untrained_model", "trained_model", "registration"})
ANY_CLASSES = 2  # not known yet, and the last layer is small beside the others


def estimate_bytes(
    rows: int, shape: tuple[int, int, int], parameters: Mapping[str, Any], made: Collection[str]
) -> dict[str, int]:
    """Return the bytes of each large dataset among those that are made, by its name.

    Splits that folders or a table name may differ from the shares that are assumed here.

    Args:
        rows: number of decoded images.
        shape: height, width and channels of each.
        parameters: the merged parameter files.
        made: names of datasets.

    Raises:
        LayerError: a model is made, and its layers cannot take pictures of this shape.
    """
    fractions, augment = parameters["ingest"]["fractions"], parameters["augment"]
    variants = 1 + (augment["copies"] if augment["keep"] else 0)
    row = labelled_dtype(shape).itemsize
    sizes = {f"{name}_images": round(share * rows) * row for name, share in fractions.items()}
    sizes["decoded_images"] = rows * decoded_dtype(shape).itemsize
    sizes["augmented_images"] = variants * sizes["train_images"]
    if "backbone_features" in made:
        sizes["backbone_features"] = _estimate_features(rows, shape, parameters)
    if not MODELS.isdisjoint(made):
        layers = walk_layers(read_layers(parameters["build"]["layers"]), shape, ANY_CLASSES)
        weights = sum(layer.parameters for layer in layers)  # of four bytes each
        sizes |= dict.fromkeys(MODELS, 4 * weights)
    return {name: sizes[name] for name in sizes.keys() & set(made)}


def _estimate_features(
    rows: int, shape: tuple[int, int, int], parameters: Mapping[str, Any]
) -> int:
    """Return the bytes of what a backbone makes of the pictures, if there is a probe."""
    layers = read_layers(parameters["build"]["layers"])
    train = TrainParameters.model_validate(parameters["train"])
    if PROBE not in choose_phases(find_backbone(layers), train.phases):
        return 0
    fractions = parameters["ingest"]["fractions"]
    variants = 1 + min(train.probe.copies, parameters["augment"]["copies"])
    count = round(rows * (variants * fractions["train"] + fractions["validation"]))
    return count * labelled_dtype(find_features_shape(layers, shape), np.float32).itemsize
