"""The promote pipeline."""

from kedro.pipeline import Node, Pipeline

from onion_pipeline.pipelines.promote.nodes import promote_version


def create_pipeline() -> Pipeline:
    """Return the pipeline that passes the title of champion on, or back."""
    return Pipeline(
        [
            Node(
                func=promote_version,
                inputs=["params:promote", "params:register"],
                outputs=None,
                name="promote_version",
            ),
        ],
        tags="promote",
    )
