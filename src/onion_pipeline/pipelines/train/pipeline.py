"""The train pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.train.nodes import (
    compute_backbone_features,
    describe_lineage,
    train_model,
)
from onion_pipeline.training.curves import plot_training_curves


def create_pipeline() -> Pipeline:
    """Return the pipeline from an untrained network to a trained one."""
    return Pipeline(
        [
            Node(
                func=compute_backbone_features,
                inputs=[
                    "augmented_images",
                    "validation_images",
                    "augmentation_policy",
                    "params:augment",
                    "params:build",
                    "params:train",
                    "params:seed",
                ],
                outputs="backbone_features",
                name="compute_backbone_features",
            ),
            Node(
                func=train_model,
                inputs=[
                    "untrained_model",
                    "augmented_images",
                    "validation_images",
                    "backbone_features",
                    "augmentation_policy",
                    "training_checkpoints",
                    "params:augment",
                    "params:build",
                    "params:train",
                    "params:seed",
                ],
                outputs=["trained_model", "training_history", "kernel_history"],
                name="train_model",
            ),
            Node(
                func=plot_training_curves,
                inputs="training_history",
                outputs="training_curves",
                name="plot_training_curves",
            ),
            Node(
                func=describe_lineage,
                inputs=[
                    "image_index",
                    "image_splits",
                    "training_history",
                    "params:images",
                    "params:ingest",
                    "params:augment",
                    "params:build",
                    "params:train",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs=["model_lineage", "image_lineage"],
                name="describe_lineage",
            ),
        ],
        tags="train",
    )
