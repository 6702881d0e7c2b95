"""The explain pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.explain import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from a trained network to a look at each of its layers."""
    return Pipeline(
        [
            Node(
                func=nodes.choose_explained_images,
                inputs=[
                    "calibrated_model",
                    "test_images",
                    "test_predictions",
                    "class_names",
                    "rendering",
                    "params:explain",
                ],
                outputs=["explained_images", "explained_predictions"],
                name="choose_explained_images",
            ),
            Node(
                func=nodes.draw_attention,
                inputs=[
                    "calibrated_model",
                    "explained_images",
                    "explained_predictions",
                    "class_names",
                ],
                outputs="attention_sheet",
                name="draw_attention",
            ),
            Node(
                func=nodes.write_onion_report,
                inputs=[
                    "calibrated_model",
                    "class_names",
                    "explained_images",
                    "explained_predictions",
                    "augmentation_policy",
                    "training_history",
                    "kernel_history",
                    "test_images",
                    "test_predictions",
                    "metrics",
                    "calibration",
                    "operating_point",
                    "baselines",
                    "class_report",
                    "slices",
                    "robustness",
                    "data_report",
                    "params:ingest",
                    "params:evaluate",
                    "params:register",
                    "params:build",
                    "params:explain",
                    "params:seed",
                ],
                outputs="onion_report",
                name="write_onion_report",
            ),
        ],
        tags="explain",
    )
