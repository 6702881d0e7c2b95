"""Nodes that register the network."""

import json
from typing import Any

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.images.decoding import make_rendering
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.model.architecture import count_multiply_adds
from onion_pipeline.parameters import IngestParameters, RegisterParameters
from onion_pipeline.registry import gate, versions
from onion_pipeline.registry.champion import HeldOutImages
from onion_pipeline.registry.evidence import PROMOTION, SEEN_IMAGES, Evidence, pack_images
from onion_pipeline.registry.promotion import Decision
from onion_pipeline.registry.serving_config import ServingConfig


def compare_champion(
    calibrated_model: KerasModel,
    class_names: list[str],
    raw_images: ImageSource,
    image_splits: DataFrame,
    test_images: LabelledImages,
    test_predictions: DataFrame,
    ingest: IngestParameters,
    parameters: RegisterParameters,
) -> dict[str, Any]:
    """Decide whether the network becomes champion, on the images of its test."""
    source = raw_images.follow_links() if ingest.follow_links else raw_images
    held_out = HeldOutImages(
        _join_checksums(test_predictions, image_splits),
        test_images["image"],
        _make_config(calibrated_model, class_names, ingest),
        source,
    )
    training = image_splits.loc[image_splits["split"] == "train", "label"]
    challenger = gate.Challenger(calibrated_model, held_out, training.mode()[0])
    return gate.compare_champion(challenger, parameters)._asdict()


def register_model(
    calibrated_model: KerasModel,
    class_names: list[str],
    image_splits: DataFrame,
    metrics: dict[str, Any],
    promotion: dict[str, Any],
    ingest: IngestParameters,
    parameters: RegisterParameters,
) -> dict[str, Any]:
    """Register the network with its class names and preprocessing, or note that it is pending."""
    seen = image_splits.loc[image_splits["split"].isin(["train", "validation"]), "sha256"]
    evidence = Evidence(
        tags={"multiply_adds": str(count_multiply_adds(calibrated_model))},
        files={
            PROMOTION: json.dumps(promotion, indent=2).encode(),
            SEEN_IMAGES: pack_images(seen),
        },
    )
    registered = versions.register_model(
        calibrated_model,
        _make_config(calibrated_model, class_names, ingest),
        parameters.model_name,
        Decision(**promotion),
        evidence,
    )
    return {**registered._asdict(), "accuracy": metrics["accuracy"]}


def _make_config(
    model: KerasModel, class_names: list[str], parameters: IngestParameters
) -> ServingConfig:
    return ServingConfig(class_names, model.input_shape[1:], make_rendering(parameters))


def _join_checksums(predictions: DataFrame, image_splits: DataFrame) -> DataFrame:
    """Return the predictions of the test images with the checksum of each file."""
    tested = image_splits.loc[image_splits["split"] == "test", ["path", "sha256"]]
    if tested["path"].tolist() != predictions["path"].tolist():
        raise DataError(
            f"The {len(predictions)} predictions and the {len(tested)} test images are of other "
            "files: one is left from another run. Make both anew: kedro run"
        )
    return predictions.assign(sha256=tested["sha256"].to_numpy())
