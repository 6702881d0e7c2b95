"""The audit pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.audit import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from an untrained network to the labels that are probably wrong."""
    return Pipeline(
        [
            Node(
                func=nodes.assign_folds,
                inputs=["image_splits", "params:audit", "params:ingest"],
                outputs="image_folds",
                name="assign_folds",
            ),
            Node(
                func=nodes.predict_out_of_fold,
                inputs=[
                    "untrained_model",
                    "image_folds",
                    "class_names",
                    "augmented_images",
                    "validation_images",
                    "backbone_features",
                    "augmentation_policy",
                    "params:augment",
                    "params:train",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs=["out_of_fold_predictions", "fold_histories"],
                name="predict_out_of_fold",
            ),
            Node(
                func=nodes.find_label_issues,
                inputs=[
                    "out_of_fold_predictions",
                    "test_predictions",
                    "image_folds",
                    "class_names",
                ],
                outputs="label_issues",
                name="find_label_issues",
            ),
            Node(
                func=nodes.draw_suspect_labels,
                inputs=["label_issues", "decoded_images", "image_splits", "params:audit"],
                outputs="suspect_labels",
                name="draw_suspect_labels",
            ),
        ],
        tags="audit",
    )
