"""The register pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.register.nodes import register_model


def create_pipeline() -> Pipeline:
    """Return the pipeline from a tested network to a model version in MLflow."""
    return Pipeline(
        [
            Node(
                func=register_model,
                inputs=[
                    "calibrated_model",
                    "class_names",
                    "metrics",
                    "params:ingest",
                    "params:register",
                ],
                outputs="registration",
                name="register_model",
            ),
        ],
        tags="register",
    )
