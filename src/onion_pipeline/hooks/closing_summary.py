"""The summary at the end of a run."""

import click
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.summary import summarize


class ClosingSummary:
    """Says at the end what came out, where it is and what to do next."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print the summary."""
        lines = summarize(pipeline.all_outputs(), catalog)
        if lines:
            click.echo("\n" + "\n".join(lines) + "\n")
