"""Nodes that make variants of the training images."""

from onion_pipeline.augmentation import policy, variants
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
