"""The explain pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.explain.nodes import (
    choose_explained_images,
    draw_attention,
    write_onion_report,
)

# Entries of the catalog that the onion report shows.
SHOWN = (
    "augmentation_policy",
    "baselines",
    "calibrated_model",
    "calibration",
    "class_names",
    "class_report",
    "data_report",
    "explained_images",
    "explained_predictions",
    "kernel_history",
    "metrics",
    "operating_point",
    "robustness",
    "slices",
    "test_images",
    "test_predictions",
    "training_history",
)


def create_pipeline() -> Pipeline:
    """Return the pipeline from a trained network to a look at each of its layers."""
    return Pipeline(
        [
            Node(
                func=choose_explained_images,
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
                func=draw_attention,
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
                func=write_onion_report,
                inputs={
                    "ingest": "params:ingest",
                    "evaluate": "params:evaluate",
                    "register": "params:register",
                    "parameters": "params:explain",
                    "seed": "params:seed",
                    **{name: name for name in SHOWN},
                },
                outputs="onion_report",
                name="write_onion_report",
            ),
        ],
        tags="explain",
    )
