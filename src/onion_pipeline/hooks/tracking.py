"""What MLflow keeps of a run, as the catalog's metadata say."""

import os
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.registry import tracking

VARIABLES = (tracking.TRACKING_URI, tracking.RUN_ID)


class Tracking:
    """Keeps one MLflow run per ``kedro run`` that makes something worth tracking.

    The catalog says what that is: ``metadata: {mlflow: {...}}`` of an entry holds
    ``folder`` (a file goes there), ``metrics`` (numbers, with this prefix) or ``history``.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Read what to track, and where to."""
        self._project = context.project_path
        self._parameters = context.config_loader["parameters"]
        self._settings = context.config_loader["mlflow"]

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Start a run, and log what an earlier one has left for a model to be registered."""
        # The environment reaches every thread and process of this run.
        # A run that is under way outside is not this one's to write to or to end.
        self._outer = {name: os.environ.pop(name, None) for name in VARIABLES}
        os.environ[tracking.TRACKING_URI] = tracking.resolve_tracking_uri(
            self._settings["tracking_uri"], self._project
        )
        made = pipeline.all_outputs()
        if not any(_read_rules(catalog, name) for name in made):
            return
        os.environ[tracking.RUN_ID] = tracking.start_run(
            self._settings["experiment"],
            Path(catalog.get("raw_images")._describe()["filepath"]).stem,
            self._project / self._settings["artifacts"],
            self._parameters,
            {"kedro.run_id": run_params["run_id"], **tracking.describe_environment(self._project)},
        )
        if "registration" in made:
            # Not for other runs: looking at an entry imports the libraries of its type.
            for name in sorted(set(catalog) - made):
                if _read_rules(catalog, name) and catalog.exists(name):
                    _log(catalog, name)

    @hook_impl
    def before_node_run(self, catalog: CatalogProtocol) -> None:
        """Remember the catalog: a worker of ParallelRunner sees it here only."""
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Log what has just been saved."""
        if tracking.read_run_id() and _read_rules(self._catalog, dataset_name):
            _log(self._catalog, dataset_name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """End the run."""
        self._end("FINISHED")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """End the run."""
        self._end("FAILED")

    def _end(self, status: str) -> None:
        run_id = tracking.read_run_id()
        if run_id:
            tracking.end_run(run_id, status)
        for name, value in self._outer.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _read_rules(catalog: CatalogProtocol, name: str) -> dict[str, Any]:
    if name.startswith("params:") or name == "parameters":
        return {}
    return (getattr(catalog.get(name), "metadata", None) or {}).get("mlflow", {})


def _log(catalog: CatalogProtocol, name: str) -> None:
    run_id, rules = os.environ[tracking.RUN_ID], _read_rules(catalog, name)
    if "folder" in rules:
        path = catalog.get(name)._describe()["filepath"]
        tracking.log_file(run_id, str(path), rules["folder"])
    if "metrics" in rules:
        tracking.log_figures(run_id, catalog.load(name), rules["metrics"])
    if rules.get("history"):
        tracking.log_history(run_id, catalog.load(name))
