"""What MLflow keeps of a run, as the catalog's metadata say."""

import logging
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.errors import InterruptedRunError, RegistryError, StoreOutageError
from onion_pipeline.hooks.messages import find_onion_error, show_as_message
from onion_pipeline.hooks.tracked_entries import (
    describe_run,
    find_data,
    log_earlier_entries,
    log_entry,
    read_rules,
)
from onion_pipeline.origin import describe_origin
from onion_pipeline.tracking import outage, runs, system_metrics
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.parameter_texts import flatten_parameters
from onion_pipeline.tracking.relocation import repoint_store

logger = logging.getLogger(__name__)

LONGEST_NAME = 100  # characters


class Tracking:
    """Keeps one MLflow run per ``kedro run`` that makes something worth tracking.

    The catalog says what that is, see :mod:`onion_pipeline.hooks.tracked_entries`. A run goes on
    without MLflow where that fails, see :mod:`onion_pipeline.tracking.outage`. The system is
    measured meanwhile: ``system_metrics`` in ``mlflow.yml`` says how often, or ``null`` for never.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember what says what to track, and where to."""
        self._context = context

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Start a run, and log what an earlier one has left for a model to be registered."""
        made, settings = pipeline.all_outputs(), self._context.config_loader["mlflow"]
        uri = runs.resolve_tracking_uri(settings["tracking_uri"], self._context.project_path)
        self._outer = runs.enter_store(uri)
        self._stop_measuring: Callable[[], None] = lambda: None
        is_tracked = _is_tracked(run_params, made, catalog)
        if is_tracked:
            outage.watch_store(_make_command(run_params))
        _repoint_store(self._context)
        if not is_tracked:
            return
        try:
            _start_run(self._context, run_params, catalog)
        except RegistryError as error:  # which Kedro shows to no hook
            self._leave()
            show_as_message(error)
            raise
        # What lies beside a model that is trained anew, such as an audit, is of another one.
        if "registration" in made and "trained_model" not in made:
            log_earlier_entries(catalog, made)
        run_id, seconds = runs.read_run_id(), settings.get("system_metrics")
        if run_id and seconds and find_spec("psutil"):  # with which MLflow measures
            self._stop_measuring = system_metrics.watch_system(run_id, seconds)

    @hook_impl
    def before_node_run(self, catalog: CatalogProtocol) -> None:
        """Remember the catalog: a worker of ParallelRunner sees it here only."""
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Log what has just been saved."""
        if read_rules(self._catalog, dataset_name):
            log_entry(self._catalog, dataset_name)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Describe the run by what it has made, and end it."""
        describe_run(catalog, pipeline.all_outputs())
        self._end("FINISHED")

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """End the run."""
        is_stopped = isinstance(find_onion_error(error), InterruptedRunError)
        self._end("KILLED" if is_stopped else "FAILED")

    def _end(self, status: str) -> None:
        self._stop_measuring()
        run_id = runs.read_run_id()
        if run_id:
            with suppress(StoreOutageError), outage.ask_store(observing=True):
                import_client().set_terminated(run_id, status)
        self._leave()

    def _leave(self) -> None:
        outage.forget_store()
        runs.leave_store(self._outer)


def _repoint_store(context: KedroContext) -> None:
    try:
        with outage.ask_store(observing=True):
            repoint_store(context.config_loader["mlflow"], context.project_path)
    except StoreOutageError as error:
        if not outage.find_outage():  # which has said it
            logger.warning("MLflow may look for its files in another folder: %s", error)


def _is_tracked(run_params: dict[str, Any], made: set[str], catalog: CatalogProtocol) -> bool:
    """Tell whether a run will make anything, and something worth tracking."""
    if run_params.get("only_missing_outputs") and all(map(catalog.exists, made)):
        return False
    return any(read_rules(catalog, name) for name in made)


def _start_run(context: KedroContext, run_params: dict[str, Any], catalog: CatalogProtocol) -> None:
    settings, project = context.config_loader["mlflow"], context.project_path
    data, _ = find_data(catalog)
    tags = {"data": data, **_describe_command(run_params), **describe_origin(project)}
    with suppress(StoreOutageError), outage.ask_store():
        os.environ[runs.RUN_ID] = runs.start_run(
            settings["experiment"],
            ", ".join([*_list_changes(run_params), data])[:LONGEST_NAME],
            project / settings["artifacts"],
            context.config_loader["parameters"],
            tags,
        )


def _describe_command(run_params: dict[str, Any]) -> dict[str, str]:
    names = ",".join(run_params.get("pipeline_names") or [])
    return {
        "kedro.run_id": run_params["run_id"],
        "kedro.pipelines": names or "__default__",
        "kedro.env": run_params.get("env") or "local",
        "mlflow.source.name": f"kedro run --pipelines {names}" if names else "kedro run",
        "mlflow.source.type": "LOCAL",
    }


def _make_command(run_params: dict[str, Any]) -> str:
    """Return what registers later with the environment and parameters of this run."""
    parts = [outage.REGISTER]
    if run_params.get("env"):
        parts += ["--env", shlex.quote(run_params["env"])]
    given = run_params.get("runtime_params")
    if given:
        from onion_pipeline.runtime_parameters import write_parameters

        parts += ["--params", shlex.quote(write_parameters(given))]
    return " ".join(parts)


def _list_changes(run_params: dict[str, Any]) -> list[str]:
    """Return by which parameters a run is told from others of the same data."""
    given = flatten_parameters(run_params.get("runtime_params") or {})
    return [f"{key}={value}" for key, value in given.items() if key != "images"]
