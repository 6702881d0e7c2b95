"""A run that cannot succeed does not begin: it has read nothing, and written nothing."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.errors import ConfigurationError, list_some, suggest
from onion_pipeline.hooks.estimates import estimate_bytes
from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.hooks.parameter_checks import (
    check_parameters,
    check_transforms,
    check_weights,
)
from onion_pipeline.images.arrays import ArrayChunks
from onion_pipeline.storage import disk
from onion_pipeline.tracking import runs


class Preflight:
    """Looks for mistakes in the parameters, for what a run reads, and for room for its results."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check all parameter files as a whole, and remember where MLflow writes."""
        with mistakes_as_messages():
            self._parameters = _read_parameters(context)
            check_parameters(self._parameters)
        with suppress(FileNotFoundError):  # no place for temporary files: a run will say so
            disk.provide_home()
        self._store = runs.find_local_store(context.config_loader["mlflow"], context.project_path)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check what depends on the pipeline, and try all places that it writes to."""
        self._files = _find_files(pipeline, catalog)
        places = {path.parent for path in self._files.values()} | {*self._store}
        with mistakes_as_messages():
            _check_versions(run_params.get("load_versions") or (), catalog)
            if "augmentation_policy" in pipeline.all_outputs():
                check_transforms(self._parameters)
            if "untrained_model" in pipeline.all_outputs():
                check_weights(self._parameters)
            for name in pipeline.inputs() & {"raw_images", "new_images"}:
                if not catalog.exists(name):
                    catalog.load(name)  # it raises
            _check_artifacts(run_params, pipeline, catalog)
            for folder in sorted(places):
                disk.check_folder(folder)
            disk.check_temporary_folder()

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Look for room for all arrays and models, once the size of the pictures is known."""
        if dataset_name != "decoded_images" or not isinstance(data, ArrayChunks) or not data.rows:
            return
        shape = data.dtype["image"].shape
        sizes = estimate_bytes(data.rows, shape, self._parameters, self._files)
        replaced = [self._files[name] for name in sizes if self._files[name].is_file()]
        freed = sum(path.stat().st_size for path in replaced)
        disk.check_room(self._files[dataset_name], sum(sizes.values()), "this run", freed)


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
        raise ConfigurationError(
            f"Not there yet, and read by this run: {list_some(missing, most=3)}. Earlier "
            "steps make that: 'kedro run' runs all of them, and 'kedro run --only-missing-outputs' "
            "those whose results are missing, with the --params of this run."
        )


def _check_versions(asked: Iterable[str], catalog: CatalogProtocol) -> None:
    """Refuse a version of what has none: Kedro would load what there is in silence."""
    for name in asked:
        if getattr(catalog.get(name), "_version", None) is None:
            raise ConfigurationError(
                f"--load-versions: {name} has no versions, but one file that each run replaces. "
                "MLflow keeps the files of every run; the catalog keeps them of an entry that says "
                "'versioned: true'."
            )


def _find_files(pipeline: Pipeline, catalog: CatalogProtocol) -> dict[str, Path]:
    """Return where on this machine the outputs of a pipeline go, by their names."""
    datasets = {name: catalog.get(name) for name in pipeline.all_outputs() if name in catalog}
    return {
        name: Path(dataset._describe()["filepath"])
        for name, dataset in datasets.items()
        if "filepath" in dataset._describe() and getattr(dataset, "_protocol", "file") == "file"
    }
