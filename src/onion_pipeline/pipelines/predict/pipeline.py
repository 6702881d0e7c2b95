"""The predict pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.predict.nodes import classify_images


def create_pipeline() -> Pipeline:
    """Return the pipeline from new images to their predicted labels."""
    return Pipeline(
        [
            Node(
                func=classify_images,
                inputs=["new_images", "params:predict", "params:ingest"],
                outputs=["predictions", "unreadable_images"],
                name="classify_images",
            ),
        ],
        tags="predict",
    )
