"""The find_learning_rate pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.find_learning_rate.nodes import measure_losses
from onion_pipeline.training.range_test import plot_losses


def create_pipeline() -> Pipeline:
    """Return the pipeline from an untrained network to the learning rate to take."""
    return Pipeline(
        [
            Node(
                func=measure_losses,
                inputs=[
                    "untrained_model",
                    "augmented_images",
                    "augmentation_policy",
                    "params:augment",
                    "params:train",
                    "params:seed",
                ],
                outputs="learning_rate_losses",
                name="measure_losses",
            ),
            Node(
                func=plot_losses,
                inputs="learning_rate_losses",
                outputs="learning_rate_curve",
                name="plot_losses",
            ),
        ],
        tags="find_learning_rate",
    )
