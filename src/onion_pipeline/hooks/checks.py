"""Mistakes are found before anything is read or written."""

from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.errors import ConfigurationError, suggest
from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.hooks.parameter_checks import check_parameters, check_transforms

SHOWN = 3  # artifacts that are missing


class Checks:
    """Looks for mistakes in the parameters and in the image path before anything happens."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check all parameter files as a whole."""
        with mistakes_as_messages():
            self._parameters = _read_parameters(context)
            check_parameters(self._parameters)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check the transforms, and that there is what the first nodes read."""
        with mistakes_as_messages():
            _check_versions(run_params.get("load_versions") or {}, catalog)
            if "augmentation_policy" in pipeline.all_outputs():
                check_transforms(self._parameters)
            for name in pipeline.inputs() & {"raw_images", "new_images"}:
                if not catalog.exists(name):
                    catalog.load(name)  # it raises, and says what was looked for
            _check_artifacts(run_params, pipeline, catalog)


def _read_parameters(context: KedroContext) -> dict[str, Any]:
    try:
        return context.config_loader["parameters"]
    except MissingConfigException as error:
        source = context.config_loader.conf_source
        known = sorted(path.name for path in Path(source).glob("*/"))
        if context.env and context.env not in known:
            raise ConfigurationError(f"--env: {suggest(context.env, known)}") from error
        raise ConfigurationError(
            f"There are no parameters*.yml in {source}/base. Those of this project are in conf/; "
            "--conf-source names another folder like it, with a folder 'base' in it."
        ) from error


def _check_artifacts(
    run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
) -> None:
    """Refuse a part of a pipeline whose beginning has not run: Kedro ends in a traceback."""
    given = {name: catalog.get(name) for name in pipeline.inputs() if name in catalog}
    artifacts = {name: each for name, each in given.items() if isinstance(each, Sealed)}
    missing = sorted(name for name, each in artifacts.items() if not each.find_path().is_file())
    if run_params.get("only_missing_outputs"):
        # What is made of one whose state is known may be up to date, and is then not made.
        missing = [name for name in missing if not artifacts[name].find_state()]
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise ConfigurationError(
            f"Not there yet, and read by this run: {', '.join(missing[:SHOWN])}{more}. Earlier "
            "steps make that: 'kedro run' runs all of them, and 'kedro run --only-missing-outputs' "
            "those whose results are missing, with the --params of this run."
        )


def _check_versions(asked: dict[str, str], catalog: CatalogProtocol) -> None:
    """Refuse what Kedro would pass over in silence, and load what there is."""
    for name in asked:
        if getattr(catalog.get(name), "_version", None) is None:
            raise ConfigurationError(
                f"--load-versions: {name} has no versions, but one file that each run replaces. "
                "MLflow keeps the files of every run; the catalog keeps them of an entry that says "
                "'versioned: true'."
            )
