"""Nodes that make variants of the training images."""

from onion_pipeline.annotations import ImageFigure
from onion_pipeline.augmentation import policy, preview, variants
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages
from onion_pipeline.parameters import AugmentParameters


def augment_images(
    train_images: LabelledImages, parameters: AugmentParameters, seed: int
) -> tuple[list[policy.Step], ArrayChunks]:
    """Add variants of each training image, and write out the transforms that make them.

    What is not to be kept is not made here but while training.
    """
    steps = policy.make_policy(parameters.transforms)
    copies = parameters.copies if parameters.keep else 0
    return steps, variants.augment_images(train_images, steps, copies, seed)


def draw_augmentation_preview(
    train_images: LabelledImages,
    augmentation_policy: list[policy.Step],
    class_names: list[str],
    seed: int,
) -> ImageFigure:
    """Show pictures beside their variants."""
    return preview.draw_augmentation_preview(train_images, augmentation_policy, class_names, seed)
