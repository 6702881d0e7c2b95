"""The register pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.register.nodes import (
    check_parity,
    compare_champion,
    describe_serving,
    register_model,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline from a tested network to a model version in MLflow."""
    return Pipeline(
        [
            Node(
                func=describe_serving,
                inputs=["calibrated_model", "class_names", "operating_point", "params:ingest"],
                outputs="serving_config",
                name="describe_serving",
            ),
            Node(
                func=check_parity,
                inputs=[
                    "raw_images",
                    "test_images",
                    "image_splits",
                    "calibrated_model",
                    "test_predictions",
                    "serving_config",
                    "params:ingest",
                    "params:seed",
                ],
                outputs="parity_report",
                name="check_parity",
            ),
            Node(
                func=compare_champion,
                inputs=[
                    "calibrated_model",
                    "serving_config",
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
                    "serving_config",
                    "image_splits",
                    "metrics",
                    "parity_report",
                    "promotion",
                    "model_lineage",
                    "image_lineage",
                    "params:register",
                ],
                outputs="registration",
                name="register_model",
            ),
        ],
        tags="register",
    )
