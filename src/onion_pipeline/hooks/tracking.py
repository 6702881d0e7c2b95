"""What MLflow keeps of a run, as the catalog's metadata say: ``metadata: {mlflow: {...}}``.

``folder``: the file goes there, among the artifacts of the run. ``metrics``: its numbers are
metrics, with this prefix. ``history: true``: its columns are metrics over the epochs.
``child_runs: fold``: it holds several histories, and each value of that column gets a run below
the run. ``datasets: true``: its rows are the images of the run.
"""

import logging
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from onion_pipeline.errors import InterruptedRunError, RegistryError, StoreOutageError
from onion_pipeline.hooks.messages import find_onion_error, show_as_message
from onion_pipeline.origin import describe_origin
from onion_pipeline.reporting import run_description
from onion_pipeline.tracking import dataset_inputs, metrics, outage, runs, system_metrics
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.parameter_texts import flatten_parameters
from onion_pipeline.tracking.relocation import repoint_store

logger = logging.getLogger(__name__)


class Tracking:
    """Keeps one MLflow run per ``kedro run`` that makes something worth tracking.

    The run goes on without MLflow where that fails, see :mod:`onion_pipeline.tracking.outage`.
    The system is measured meanwhile: ``system_metrics`` in ``mlflow.yml`` says how often, or
    ``null`` for never.
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
            _log_earlier_entries(catalog, made)
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
        _log_entry(self._catalog, dataset_name)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Describe the run by what it has made, and end it."""
        _describe_run(catalog, pipeline.all_outputs())
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
    return any(_read_rules(catalog, name) for name in made)


def _start_run(context: KedroContext, run_params: dict[str, Any], catalog: CatalogProtocol) -> None:
    settings, project = context.config_loader["mlflow"], context.project_path
    data, _ = _find_data(catalog)
    given = flatten_parameters(run_params.get("runtime_params") or {})
    changes = [f"{key}={value}" for key, value in given.items() if key != "images"]
    tags = {"data": data, **_describe_command(run_params), **describe_origin(project)}
    with suppress(StoreOutageError), outage.ask_store():
        os.environ[runs.RUN_ID] = runs.start_run(
            settings["experiment"],
            ", ".join([*changes, data])[:100],
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
    from onion_pipeline.runtime_parameters import write_parameters

    given = run_params.get("runtime_params")
    options = {"--env": run_params.get("env"), "--params": given and write_parameters(given)}
    typed = [f"{option} {shlex.quote(value)}" for option, value in options.items() if value]
    return " ".join([outage.REGISTER, *typed])


def _read_rules(catalog: CatalogProtocol, name: str) -> dict[str, Any]:
    """Return what the catalog says of an entry and MLflow; nothing of most."""
    if name.startswith("params:") or name == "parameters":
        return {}
    return (getattr(catalog.get(name), "metadata", None) or {}).get("mlflow", {})


def _log_entry(catalog: CatalogProtocol, name: str) -> None:
    """Log an entry as its rules say, unless it has none, or there is no run or no MLflow."""
    run_id, rules = runs.read_run_id(), _read_rules(catalog, name)
    if not rules or not run_id or outage.find_outage():
        return
    path = str(catalog.get(name)._describe()["filepath"])
    content: Any = catalog.load(name) if set(rules) - {"folder"} else None
    with suppress(StoreOutageError), outage.ask_store(observing=True):
        if "folder" in rules:
            import_client().log_artifact(run_id, path, rules["folder"])
        if "metrics" in rules:
            metrics.log_figures(run_id, content, rules["metrics"])
        if "child_runs" in rules:
            metrics.log_child_runs(run_id, content, rules["child_runs"])
        if rules.get("history"):
            metrics.log_history(run_id, content)
        if rules.get("datasets"):
            dataset_inputs.log_datasets(run_id, content, *_find_data(catalog))


def _log_earlier_entries(catalog: CatalogProtocol, made: set[str]) -> None:
    """Log what earlier runs have left and this one, which makes `made`, does not make anew."""
    # Not for other runs: looking at an entry imports the libraries of its type.
    for name in sorted(set(catalog) - made):
        if _read_rules(catalog, name) and catalog.exists(name):
            _log_entry(catalog, name)


def _describe_run(catalog: CatalogProtocol, made: set[str]) -> None:
    """Give the run its description and the tags by which one finds it again."""
    run_id = runs.read_run_id()
    if not run_id or outage.find_outage():
        return
    told = run_description.DESCRIBED
    # A model that is registered alone was made of what earlier runs have left.
    names = told if "registration" in made else told & made
    found = {name: catalog.load(name) for name in names if catalog.exists(name)}
    with suppress(StoreOutageError), outage.ask_store(observing=True):
        runs.set_tags(run_id, run_description.describe_run(found))


def _find_data(catalog: CatalogProtocol) -> tuple[str, str]:
    """Return name and address of the images of a run, the latter without credentials."""
    address = str(catalog.get("raw_images")._describe()["filepath"])
    return Path(address).stem, address
