"""Mistakes are found before anything is read or written."""

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.checks import check_parameters, check_transforms
from onion_pipeline.hooks.messages import mistakes_as_messages


class Checks:
    """Looks for mistakes in the parameters and in the image path before anything happens."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check all parameter files as a whole."""
        self._parameters = context.config_loader["parameters"]
        with mistakes_as_messages():
            check_parameters(self._parameters)

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Check the transforms, and that there are files at the path of the images."""
        with mistakes_as_messages():
            if "augmentation_policy" in pipeline.all_outputs():
                check_transforms(self._parameters)
            for name in pipeline.inputs() & {"raw_images", "new_images"}:
                if not catalog.exists(name):
                    catalog.load(name)  # it raises, and says what was looked for
