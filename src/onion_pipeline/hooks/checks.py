"""Mistakes are found before anything is read or written."""

from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.checks import check_parameters, check_transforms
from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.hooks.messages import mistakes_as_messages


class Checks:
    """Looks for mistakes in the parameters and in the image path before anything happens."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check all parameter files as a whole."""
        with mistakes_as_messages():
            self._parameters = _read_parameters(context)
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


def _read_parameters(context: KedroContext) -> dict[str, Any]:
    try:
        return context.config_loader["parameters"]
    except MissingConfigException as error:
        known = sorted(path.name for path in (context.project_path / "conf").glob("*/"))
        raise ConfigurationError(f"--env {suggest(str(context.env), known)}") from error
