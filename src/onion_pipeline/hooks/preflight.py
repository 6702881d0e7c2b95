"""A run that has no place or no room for its results does not begin."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.hooks.estimates import estimate_bytes
from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.images.arrays import ArrayChunks
from onion_pipeline.storage.disk import (
    check_folder,
    check_room,
    check_temporary_folder,
    provide_home,
)
from onion_pipeline.tracking import runs


class Preflight:
    """Looks for a place, and for room, for what a run will write."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember what decides how much is written, and where MLflow writes."""
        with suppress(FileNotFoundError):  # no place for temporary files: a run will say so
            provide_home()
        self._parameters = context.config_loader["parameters"]
        self._store = runs.find_local_store(context.config_loader["mlflow"], context.project_path)

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Try all places before anything is read."""
        self._files = _find_files(pipeline, catalog)
        places = {path.parent for path in self._files.values()} | {*self._store}
        with mistakes_as_messages():
            for folder in sorted(places):
                check_folder(folder)
            check_temporary_folder()

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Look for room for all arrays and models, once the size of the pictures is known."""
        if dataset_name != "decoded_images" or not isinstance(data, ArrayChunks) or not data.rows:
            return
        shape = data.dtype["image"].shape
        sizes = estimate_bytes(data.rows, shape, self._parameters, self._files)
        replaced = [self._files[name] for name in sizes if self._files[name].is_file()]
        freed = sum(path.stat().st_size for path in replaced)
        check_room(self._files[dataset_name], sum(sizes.values()), "this run", freed)


def _find_files(pipeline: Pipeline, catalog: CatalogProtocol) -> dict[str, Path]:
    """Return where on this machine the outputs of a pipeline go, by their names."""
    datasets = {name: catalog.get(name) for name in pipeline.all_outputs() if name in catalog}
    return {
        name: Path(dataset._describe()["filepath"])
        for name, dataset in datasets.items()
        if "filepath" in dataset._describe() and getattr(dataset, "_protocol", "file") == "file"
    }
