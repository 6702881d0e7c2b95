"""The register pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.register.nodes import compare_champion, register_model


def create_pipeline() -> Pipeline:
    """Return the pipeline from a tested network to a model version in MLflow."""
    return Pipeline(
        [
            Node(
                func=compare_champion,
                inputs=[
                    "calibrated_model",
                    "class_names",
                    "raw_images",
                    "image_splits",
                    "test_images",
                    "test_predictions",
                    "params:ingest",
                    "params:register",
                ],
                outputs="promotion",
                name="compare_champion",
            ),
            Node(
                func=register_model,
                inputs=[
                    "calibrated_model",
                    "class_names",
                    "image_splits",
                    "metrics",
                    "promotion",
                    "params:ingest",
                    "params:register",
                ],
                outputs="registration",
                name="register_model",
            ),
        ],
        tags="register",
    )
