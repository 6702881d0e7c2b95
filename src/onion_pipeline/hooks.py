"""What watches a run: checked parameters, one message for an error, tracking, a summary."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from onion_pipeline.checks import check_parameters, check_transforms
from onion_pipeline.errors import OnionError
from onion_pipeline.registry import tracking
from onion_pipeline.summary import show_path, summarize

logger = logging.getLogger(__name__)

VARIABLES = (tracking.TRACKING_URI, tracking.RUN_ID)


class Checks:
    """Looks for mistakes in the parameters and in the image path before anything happens."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check all parameter files as a whole."""
        self._parameters = context.config_loader["parameters"]
        with _messages():
            check_parameters(self._parameters)

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Check the transforms, and that there are files at the path of the images."""
        with _messages():
            if "augmentation_policy" in pipeline.all_outputs():
                check_transforms(self._parameters)
            for name in pipeline.inputs() & {"raw_images", "new_images"}:
                if not catalog.exists(name):
                    catalog.load(name)  # it raises, and says what was looked for


class Messages:
    """Says each thing once: a line per node, and one message for a user's mistake."""

    def __init__(self) -> None:
        self._explained = False

    @hook_impl
    def after_context_created(self) -> None:
        """Drop Kedro's lines that say what is said here."""
        self._explained = False
        for name in ("kedro.pipeline.node", "kedro.runner.sequential_runner"):
            logging.getLogger(name).addFilter(self._is_news)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Say what happens next, in the words of the node's function."""
        purpose = (node.func.__doc__ or "").partition("\n")[0]
        logger.info("%s: %s", node.name, purpose)

    @hook_impl
    def on_node_error(self, error: Exception) -> None:
        """Remember whether the message of the error will say all there is to say."""
        self._explained = _find_onion_error(error) is not None

    @hook_impl
    def on_pipeline_error(self, error: Exception, catalog: CatalogProtocol) -> None:
        """Show an :class:`OnionError` as its message alone."""
        _show_as_message(error, catalog)

    def _is_news(self, record: logging.LogRecord) -> bool:
        if self._explained and "nodes that have not run" in str(record.msg):
            return False  # how to resume: not before the mistake is mended
        return not any(known in str(record.msg) for known in ("failed with error", "No nodes ran"))


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


class ClosingSummary:
    """Says at the end what came out, where it is and what to do next."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print the summary."""
        lines = summarize(pipeline.all_outputs(), catalog)
        if lines:
            click.echo("\n" + "\n".join(lines) + "\n")


def _find_onion_error(error: BaseException) -> OnionError | None:
    """Return the error of this project behind `error`: Kedro wraps what datasets raise."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, OnionError):
            return cause
        cause = cause.__cause__
    return None


def _show_as_message(error: BaseException, catalog: CatalogProtocol | None = None) -> None:
    """On the command line, end with the message of the :class:`OnionError` behind `error`.

    Where the error names a dataset of `catalog` that tells more, its path is added.

    Raises:
        ClickException: prints the message and exits with 1.
    """
    known = _find_onion_error(error)
    if known and click.get_current_context(silent=True):
        more = f" See {show_path(catalog, known.dataset)}" if catalog and known.dataset else ""
        raise click.ClickException(f"{known}{more}") from error


@contextmanager
def _messages() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _show_as_message(error)
        raise


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
