"""The evaluate pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.evaluation import figures, trust_figures
from onion_pipeline.pipelines.evaluate.nodes import draw, judge, predict


def create_pipeline() -> Pipeline:
    """Return the pipeline from a trained network to what the test images say of it."""
    return Pipeline(
        [
            Node(
                func=predict.calibrate_model,
                inputs=[
                    "trained_model",
                    "validation_images",
                    "image_splits",
                    "class_names",
                    "params:train",
                    "params:evaluate",
                ],
                outputs=["calibrated_model", "calibration", "validation_predictions"],
                name="calibrate_model",
            ),
            Node(
                func=judge.choose_operating_point,
                inputs=["validation_predictions", "class_names", "params:evaluate"],
                outputs="operating_point",
                name="choose_operating_point",
            ),
            Node(
                func=predict.predict_test_images,
                inputs=["calibrated_model", "test_images", "image_splits", "class_names"],
                outputs="test_predictions",
                name="predict_test_images",
            ),
            Node(
                func=predict.predict_variants,
                inputs=[
                    "calibrated_model",
                    "test_images",
                    "test_predictions",
                    "augmentation_policy",
                    "image_splits",
                    "class_names",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs="variant_predictions",
                name="predict_variants",
            ),
            Node(
                func=predict.predict_baselines,
                inputs=[
                    "train_images",
                    "test_images",
                    "test_predictions",
                    "class_names",
                    "params:seed",
                ],
                outputs="baseline_predictions",
                name="predict_baselines",
            ),
            Node(
                func=judge.compare_baselines,
                inputs=[
                    "test_predictions",
                    "baseline_predictions",
                    "class_names",
                    "params:evaluate",
                ],
                outputs="baselines",
                name="compare_baselines",
            ),
            Node(
                func=judge.slice_images,
                inputs=[
                    "test_predictions",
                    "test_images",
                    "image_index",
                    "image_splits",
                    "params:evaluate",
                ],
                outputs="slices",
                name="slice_images",
            ),
            Node(
                func=predict.predict_corrupted_images,
                inputs=[
                    "calibrated_model",
                    "test_images",
                    "test_predictions",
                    "class_names",
                    "params:evaluate",
                    "params:seed",
                ],
                outputs="robustness",
                name="predict_corrupted_images",
            ),
            Node(
                func=judge.compute_metrics,
                inputs=[
                    "test_predictions",
                    "class_names",
                    "calibration",
                    "operating_point",
                    "variant_predictions",
                    "slices",
                    "robustness",
                    "image_splits",
                    "params:evaluate",
                ],
                outputs="metrics",
                name="compute_metrics",
            ),
            Node(
                func=judge.report_classes,
                inputs=["test_predictions", "class_names", "image_splits", "params:evaluate"],
                outputs="class_report",
                name="report_classes",
            ),
            Node(
                func=figures.plot_confusion_matrix,
                inputs=["test_predictions", "class_names"],
                outputs="confusion_matrix",
                name="plot_confusion_matrix",
            ),
            Node(
                func=trust_figures.plot_reliability,
                inputs=["test_predictions", "class_names", "calibration", "params:evaluate"],
                outputs="reliability_diagram",
                name="plot_reliability",
            ),
            Node(
                func=trust_figures.plot_risk_coverage,
                inputs=["test_predictions", "operating_point"],
                outputs="risk_coverage_curve",
                name="plot_risk_coverage",
            ),
            Node(
                func=trust_figures.plot_robustness,
                inputs="robustness",
                outputs="robustness_figure",
                name="plot_robustness",
            ),
            Node(
                func=draw.draw_corruptions,
                inputs=["test_images", "params:seed"],
                outputs="corruption_preview",
                name="draw_corruptions",
            ),
            Node(
                func=draw.draw_mistakes,
                inputs=["test_predictions", "test_images", "params:evaluate"],
                outputs="worst_mistakes",
                name="draw_mistakes",
            ),
        ],
        tags="evaluate",
    )
