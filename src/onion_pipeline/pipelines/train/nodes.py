"""Nodes that train the network."""

from pathlib import Path
from typing import Any

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.augmentation.policy import Step
from onion_pipeline.augmentation.streaming import offer_variants
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages
from onion_pipeline.model.architecture import find_backbone, read_layers
from onion_pipeline.model.build import build_model
from onion_pipeline.parameters import (
    AugmentParameters,
    BuildParameters,
    EvaluateParameters,
    IngestParameters,
    TrainParameters,
)
from onion_pipeline.training import features, fit, lineage, phases
from onion_pipeline.training.batches import limit_variants

ANY_CLASSES = 2


def compute_backbone_features(
    augmented_images: LabelledImages,
    validation_images: LabelledImages,
    augmentation_policy: list[Step],
    augment: AugmentParameters,
    build: BuildParameters,
    train: TrainParameters,
    seed: int,
) -> ArrayChunks:
    """Compute once what a pretrained network makes of each image, if its head is fitted to that.

    The network is made anew, since its features depend neither on the head nor on the classes.
    """
    layers = read_layers(build.layers)
    if phases.PROBE not in phases.choose_phases(find_backbone(layers), train.phases):
        return features.offer_none()
    network = build_model(layers, augmented_images["image"].shape[1:], ANY_CLASSES, seed)
    images = offer_variants(augmented_images, augmentation_policy, augment, seed)
    chosen = limit_variants(images, train.probe.copies)
    return features.compute_features(network, chosen, validation_images)


def train_model(
    untrained_model: KerasModel,
    augmented_images: LabelledImages,
    validation_images: LabelledImages,
    backbone_features: LabelledImages,
    augmentation_policy: list[Step],
    training_checkpoints: Path | None,
    augment: AugmentParameters,
    build: BuildParameters,
    train: TrainParameters,
    seed: int,
) -> fit.Trained:
    """Train the network; keep the best epoch by the validation images.

    A training that was stopped goes on from its last checkpoint.
    """
    images = offer_variants(augmented_images, augmentation_policy, augment, seed)
    return phases.train_phases(
        untrained_model,
        images,
        validation_images,
        train,
        seed,
        chosen=phases.choose_phases(find_backbone(read_layers(build.layers)), train.phases),
        features=backbone_features,
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
