"""The build pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.build.nodes import build_model, describe_architecture


def create_pipeline() -> Pipeline:
    """Return the pipeline from a list of layers to an untrained network."""
    return Pipeline(
        [
            Node(
                func=build_model,
                inputs=["train_images", "class_names", "params:build", "params:seed"],
                outputs="untrained_model",
                name="build_model",
            ),
            Node(
                func=describe_architecture,
                inputs="untrained_model",
                outputs="architecture_table",
                name="describe_architecture",
            ),
        ],
        tags="build",
    )
