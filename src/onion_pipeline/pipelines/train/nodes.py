"""Nodes that train the network."""

from pathlib import Path
from typing import Any

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.augmentation.policy import Step
from onion_pipeline.augmentation.streaming import offer_variants
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import (
    AugmentParameters,
    BuildParameters,
    EvaluateParameters,
    IngestParameters,
    TrainParameters,
)
from onion_pipeline.training import fit, lineage


def train_model(
    untrained_model: KerasModel,
    augmented_images: LabelledImages,
    validation_images: LabelledImages,
    augmentation_policy: list[Step],
    training_checkpoints: Path | None,
    augment: AugmentParameters,
    parameters: TrainParameters,
    seed: int,
) -> fit.Trained:
    """Train the network; keep the best epoch by the validation images.

    A training that was stopped goes on from its last checkpoint.
    """
    images = offer_variants(augmented_images, augmentation_policy, augment, seed)
    return fit.train_model(
        untrained_model,
        images,
        validation_images,
        parameters,
        seed,
        checkpoints=training_checkpoints,
    )


def describe_lineage(
    image_index: DataFrame,
    image_splits: DataFrame,
    training_history: DataFrame,
    images: str,
    ingest: IngestParameters,
    augment: AugmentParameters,
    build: BuildParameters,
    train: TrainParameters,
    evaluate: EvaluateParameters,
    seed: int,
) -> tuple[dict[str, Any], DataFrame]:
    """Note what the network was made of, under one hash.

    With the training and not with the registration, which may be another day's, with other
    parameters.
    """
    listed = lineage.list_images(image_index, image_splits)
    values = (ingest, augment, build, train, evaluate)
    groups = dict(zip(lineage.GROUPS, values, strict=True))
    described = lineage.describe_lineage(listed, images, groups, seed)
    best = training_history.loc[training_history["best"], "epoch"].item()
    trained = {"epochs": len(training_history), "best_epoch": int(best)}
    return {**described, "training": trained}, lineage.shorten_hashes(listed)
