"""Nodes that find the learning rate to take."""

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.augmentation.policy import Step
from onion_pipeline.augmentation.streaming import offer_variants
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import AugmentParameters, TrainParameters
from onion_pipeline.training import range_test


def measure_losses(
    untrained_model: KerasModel,
    augmented_images: LabelledImages,
    augmentation_policy: list[Step],
    augment: AugmentParameters,
    parameters: TrainParameters,
    seed: int,
) -> DataFrame:
    """Train for some steps with a learning rate that rises, and keep nothing but the losses."""
    images = offer_variants(augmented_images, augmentation_policy, augment, seed)
    return range_test.measure_losses(untrained_model, images, parameters, seed)
