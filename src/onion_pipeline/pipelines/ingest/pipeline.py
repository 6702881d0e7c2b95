"""The ingest pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.ingest.nodes import read_images, select_images


def create_pipeline() -> Pipeline:
    """Return the pipeline from image files to three arrays of labelled images."""
    return Pipeline(
        [
            Node(
                func=read_images,
                inputs=["raw_images", "params:ingest", "params:seed"],
                outputs=[
                    "image_index",
                    "quarantine",
                    "decoded_images",
                    "image_splits",
                    "class_names",
                ],
                name="read_images",
            ),
            Node(
                func=select_images,
                inputs=["decoded_images", "image_splits", "class_names"],
                outputs=["train_images", "validation_images", "test_images"],
                name="select_images",
            ),
        ],
        tags="ingest",
    )
