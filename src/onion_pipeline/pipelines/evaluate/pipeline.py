"""The evaluate pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.evaluate.nodes import (
    compute_metrics,
    draw_mistakes,
    plot_confusion_matrix,
    predict_test_images,
    report_classes,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline from a trained network to what the test images say of it."""
    return Pipeline(
        [
            Node(
                func=predict_test_images,
                inputs=["trained_model", "test_images", "image_splits", "class_names"],
                outputs="test_predictions",
                name="predict_test_images",
            ),
            Node(
                func=compute_metrics,
                inputs=["test_predictions", "class_names", "params:evaluate"],
                outputs="metrics",
                name="compute_metrics",
            ),
            Node(
                func=report_classes,
                inputs=["test_predictions", "class_names"],
                outputs="class_report",
                name="report_classes",
            ),
            Node(
                func=plot_confusion_matrix,
                inputs=["test_predictions", "class_names"],
                outputs="confusion_matrix",
                name="plot_confusion_matrix",
            ),
            Node(
                func=draw_mistakes,
                inputs=["test_predictions", "test_images", "params:evaluate"],
                outputs="worst_mistakes",
                name="draw_mistakes",
            ),
        ],
        tags="evaluate",
    )
