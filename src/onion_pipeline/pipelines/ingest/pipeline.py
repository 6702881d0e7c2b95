"""The ingest pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.ingest import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from image files to three arrays of labelled images."""
    return Pipeline(
        [
            Node(
                func=nodes.index_images,
                inputs=["raw_images", "params:ingest"],
                outputs="image_index",
                name="index_images",
            ),
            Node(
                func=nodes.choose_rendering,
                inputs=["image_index", "params:ingest"],
                outputs="rendering",
                name="choose_rendering",
            ),
            Node(
                func=nodes.decode_images,
                inputs=["raw_images", "image_index", "rendering", "params:ingest"],
                outputs="decoded_images",
                name="decode_images",
            ),
            Node(
                func=nodes.quarantine_files,
                inputs=[
                    "raw_images",
                    "image_index",
                    "decoded_images",
                    "rendering",
                    "params:ingest",
                ],
                outputs="quarantine",
                name="quarantine_files",
            ),
            Node(
                func=nodes.find_duplicates,
                inputs=["image_index", "quarantine", "decoded_images", "params:ingest"],
                outputs="duplicates",
                name="find_duplicates",
            ),
            Node(
                func=nodes.split_images,
                inputs=["image_index", "decoded_images", "duplicates", "params:ingest"],
                outputs=["image_splits", "class_names"],
                name="split_images",
            ),
            Node(
                func=nodes.select_images,
                inputs=["decoded_images", "image_splits", "class_names"],
                outputs=["train_images", "validation_images", "test_images"],
                name="select_images",
            ),
            Node(
                func=nodes.report_data,
                inputs=[
                    "image_index",
                    "quarantine",
                    "decoded_images",
                    "duplicates",
                    "image_splits",
                    "params:ingest",
                ],
                outputs=["data_report", "data_figures", "suspect_images"],
                name="report_data",
            ),
        ],
        tags="ingest",
    )
