"""The augment pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.augmentation.preview import draw_augmentation_preview
from onion_pipeline.pipelines.augment.nodes import augment_images


def create_pipeline() -> Pipeline:
    """Return the pipeline from training images to training images with variants."""
    return Pipeline(
        [
            Node(
                func=augment_images,
                inputs=["train_images", "params:augment", "params:seed"],
                outputs=["augmentation_policy", "augmented_images"],
                name="augment_images",
            ),
            Node(
                func=draw_augmentation_preview,
                inputs=["train_images", "augmentation_policy", "class_names", "params:seed"],
                outputs="augmentation_preview",
                name="draw_augmentation_preview",
            ),
        ],
        tags="augment",
    )
