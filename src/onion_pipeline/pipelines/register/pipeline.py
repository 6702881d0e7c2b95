"""The register pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.register import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from a tested network to a model version in MLflow."""
    return Pipeline(
        [
            Node(
                func=nodes.describe_serving,
                inputs=["calibrated_model", "class_names", "operating_point", "rendering"],
                outputs="serving_config",
                name="describe_serving",
            ),
            Node(
                func=nodes.check_parity,
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
                func=nodes.compare_champion,
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
                func=nodes.write_model_card,
                inputs=[
                    "params:card",
                    "params:evaluate",
                    "params:register",
                    "params:build",
                    "serving_config",
                    "architecture_table",
                    "augmentation_policy",
                    "baselines",
                    "calibration",
                    "class_report",
                    "data_report",
                    "metrics",
                    "model_lineage",
                    "parity_report",
                    "promotion",
                    "robustness",
                    "slices",
                    "test_predictions",
                    "training_history",
                ],
                outputs="model_card",
                name="write_model_card",
            ),
            Node(
                func=nodes.draw_model_card,
                inputs="model_card",
                outputs="model_card_page",
                name="draw_model_card",
            ),
            Node(
                func=nodes.register_model,
                inputs=[
                    "calibrated_model",
                    "serving_config",
                    "image_splits",
                    "metrics",
                    "parity_report",
                    "promotion",
                    "model_lineage",
                    "image_lineage",
                    "model_card",
                    "params:register",
                ],
                outputs="registration",
                name="register_model",
            ),
        ],
        tags="register",
    )
