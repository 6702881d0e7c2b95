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
from onion_pipeline.training import lineage
from onion_pipeline.training import lineage_comparison as comparison


def find_version(parameters: VerifyParameters) -> lineage.RecordedVersion:
    """Find the version, and what it was made of."""
    return read_version(parameters.model)


def compare_lineage(
    recorded_version: lineage.RecordedVersion,
    image_index: DataFrame,
    drawn_splits: DataFrame,
    images: str,
    ingest: IngestParameters,
    augment: AugmentParameters,
    build: BuildParameters,
    train: TrainParameters,
    evaluate: EvaluateParameters,
    seed: int,
) -> dict[str, Any]:
    """Compare data, split, parameters, code, dependencies and seed with those of the version."""
    listed = lineage.list_images(image_index, drawn_splits)
    values = (ingest, augment, build, train, evaluate)
    groups = dict(zip(lineage.GROUPS, values, strict=True))
    described = lineage.describe_lineage(listed, images, groups, seed)
    refused = image_index.loc[image_index["reason"].notna(), "path"]
    return comparison.compare_version(recorded_version, described, listed, list(refused))


def check_lineage(
    verification: dict[str, Any], drawn_splits: DataFrame, parameters: VerifyParameters
) -> DataFrame:
    """Stop before the training if something differs."""
    if verification["status"] == "differs" and parameters.retrain == "auto":
        raise VerificationError(comparison.explain_differences(verification), "verification")
    return drawn_splits


def compare_weights(
    recorded_version: lineage.RecordedVersion,
    calibrated_model: KerasModel,
    serving_config: dict[str, Any],
    verification: dict[str, Any],
) -> dict[str, Any]:
    """Compare the network that was made again with that of the version, bit by bit."""
    checksum = hash_content(calibrated_model, ServingConfig.from_dictionary(serving_config))
    lineage_hash = verification["hash"]["present"]
    return comparison.compare_checksums(recorded_version, checksum, lineage_hash)


def check_weights(reproduction: dict[str, Any], verification: dict[str, Any]) -> None:
    """End with an error if the weights differ."""
    if reproduction["status"] != comparison.REPRODUCED:
        why = comparison.explain_other_weights(reproduction, verification)
        raise VerificationError(why, "reproduction")
