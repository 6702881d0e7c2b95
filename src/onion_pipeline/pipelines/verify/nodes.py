"""Nodes that compare a registered version with a run today."""

from typing import Any

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.errors import VerificationError
from onion_pipeline.parameters import (
    AugmentParameters,
    BuildParameters,
    EvaluateParameters,
    IngestParameters,
    TrainParameters,
    VerifyParameters,
)
from onion_pipeline.registry.recorded_versions import read_version
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.content import hash_content
from onion_pipeline.training import lineage, verification


def find_version(parameters: VerifyParameters) -> lineage.RecordedVersion:
    """Find the version, and what it was made of."""
    return read_version(parameters.model)


def compare_lineage(
    version: lineage.RecordedVersion,
    image_index: DataFrame,
    image_splits: DataFrame,
    images: str,
    ingest: IngestParameters,
    augment: AugmentParameters,
    build: BuildParameters,
    train: TrainParameters,
    evaluate: EvaluateParameters,
    seed: int,
) -> dict[str, Any]:
    """Compare data, split, parameters, code, dependencies and seed with those of the version."""
    listed = lineage.list_images(image_index, image_splits)
    groups = {
        "ingest": ingest,
        "augment": augment,
        "build": build,
        "train": train,
        "evaluate": evaluate,
    }
    described = lineage.describe_lineage(listed, images, groups, seed)
    refused = image_index.loc[image_index["reason"].notna(), "path"]
    return verification.compare_version(version, described, listed, list(refused))


def check_lineage(
    compared: dict[str, Any], image_splits: DataFrame, parameters: VerifyParameters
) -> DataFrame:
    """Stop before the training if something differs."""
    if compared["status"] == "differs" and parameters.retrain == "auto":
        raise VerificationError(verification.explain_differences(compared), "verification")
    return image_splits


def compare_weights(
    version: lineage.RecordedVersion,
    calibrated_model: KerasModel,
    serving_config: dict[str, Any],
    compared: dict[str, Any],
) -> dict[str, Any]:
    """Compare the network that was made again with that of the version, bit by bit."""
    checksum = hash_content(calibrated_model, ServingConfig.from_dictionary(serving_config))
    return verification.compare_checksums(version, checksum, compared["fingerprint"]["present"])


def check_weights(reproduction: dict[str, Any], compared: dict[str, Any]) -> None:
    """End with an error if the weights differ."""
    if reproduction["status"] != verification.REPRODUCED:
        raise VerificationError(
            verification.explain_other_weights(reproduction, compared), "reproduction"
        )
