"""The verify pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.verify import nodes

# Its datasets are not those of the last run, which stay: see catalog.yml.
NAMESPACE = "verify"
REPORTS = {"verification", "reproduction"}
MADE_AGAIN = ("calibrated_model", "serving_config")


def create_pipeline(default: Pipeline) -> Pipeline:
    """Return the pipeline from a registered version to whether it can be made again.

    Args:
        default: makes a model; the part of it that reads images, and the part that trains, are
            done again, and between them is the comparison.
    """
    reading = default.to_outputs("image_splits")
    training = default.to_outputs(*MADE_AGAIN) - reading
    drawing = Pipeline(reading, outputs={"image_splits": "drawn_splits"})
    whole = Pipeline([drawing, *_list_nodes(), training])
    return Pipeline(
        whole,
        namespace=NAMESPACE,
        inputs="raw_images",
        outputs=REPORTS,
        parameters={name for name in whole.inputs() if name.startswith("params:")},
        tags="verify",
    )


def _list_nodes() -> list[Node]:
    return [
        Node(
            func=nodes.find_version,
            inputs="params:verify",
            outputs="recorded_version",
            name="find_version",
        ),
        Node(
            func=nodes.compare_lineage,
            inputs=[
                "recorded_version",
                "image_index",
                "drawn_splits",
                "params:images",
                "params:ingest",
                "params:augment",
                "params:build",
                "params:train",
                "params:evaluate",
                "params:seed",
            ],
            outputs="verification",
            name="compare_lineage",
        ),
        Node(
            func=nodes.check_lineage,
            inputs=["verification", "drawn_splits", "params:verify"],
            outputs="image_splits",
            name="check_lineage",
        ),
        Node(
            func=nodes.compare_weights,
            inputs=["recorded_version", *MADE_AGAIN, "verification"],
            outputs="reproduction",
            name="compare_weights",
        ),
        Node(
            func=nodes.check_weights,
            inputs=["reproduction", "verification"],
            outputs=None,
            name="check_weights",
        ),
    ]
