"""What a run was, in a few lines."""

from contextlib import suppress

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.errors import StoreOutageError
from onion_pipeline.reporting.run_description import DESCRIBED, describe_run
from onion_pipeline.tracking import outage, runs


class RunDescription:
    """Gives a tracked run its description and the tags by which one finds it again."""

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Describe what the run has made, before Tracking ends it."""
        run_id = runs.read_run_id()
        if not run_id or outage.find_outage():
            return
        made = pipeline.all_outputs()
        # A model that is registered alone was made of what earlier runs have left.
        names = DESCRIBED if "registration" in made else DESCRIBED & made
        found = {name: catalog.load(name) for name in names if catalog.exists(name)}
        with suppress(StoreOutageError), outage.ask_store(observing=True):
            runs.set_tags(run_id, describe_run(found))
