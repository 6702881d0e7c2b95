"""One MLflow run per ``kedro run``, written through explicit run ids.

MLflow's fluent functions keep the active run per thread and leave orphans under runners that
use several; here the run id is an argument, and reaches the nodes, whatever thread or process
they run in, as the environment variable ``MLFLOW_RUN_ID`` that MLflow itself reads.
"""

import logging
import os
import shlex
from collections.abc import Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from onion_pipeline.annotations import MlflowClient
from onion_pipeline.images.sources.names import hide_credentials
from onion_pipeline.tracking.mlflow_client import SQLITE, import_client
from onion_pipeline.tracking.outage import TRACKING_URI, accept_answer
from onion_pipeline.tracking.parameter_texts import flatten_parameters
from onion_pipeline.tracking.saved_views import make_view_tags

logger = logging.getLogger(__name__)

RUN_ID = "MLFLOW_RUN_ID"
LONGEST_TAG = 8000  # characters


def resolve_tracking_uri(uri: str, project: Path) -> str:
    """Return `uri` with a relative SQLite path taken from `project`, not the current folder.

    Example:
        >>> resolve_tracking_uri("sqlite:///mlflow.db", Path("/home/me/onion"))
        'sqlite:////home/me/onion/mlflow.db'
    """
    path = uri.removeprefix(SQLITE)
    if path == uri or Path(path).is_absolute():
        return uri
    return SQLITE + (project / path).as_posix()


def find_local_store(settings: Mapping[str, str], project: Path) -> list[Path]:
    """Return the folders on this machine to which MLflow writes; none if a server does.

    `settings` are those of ``mlflow.yml``; relative paths are taken from the folder `project`.
    """
    uri = resolve_tracking_uri(settings["tracking_uri"], project)
    if not uri.startswith(SQLITE):
        return []
    return [Path(uri.removeprefix(SQLITE)).parent, project / settings["artifacts"]]


def enter_store(uri: str) -> dict[str, str | None]:
    """Let the environment, which reaches all threads and processes, name a store and no run.

    Returns:
        What it named before: a run under way outside is nobody's here to write to or to end.
    """
    outer = {name: os.environ.pop(name, None) for name in (TRACKING_URI, RUN_ID)}
    os.environ[TRACKING_URI] = uri
    return outer


def leave_store(outer: Mapping[str, str | None]) -> None:
    """Let the environment name again what it did before :func:`enter_store`."""
    for name, value in outer.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def start_run(
    experiment: str,
    name: str,
    artifacts: Path,
    parameters: Mapping[str, Any],
    tags: Mapping[str, str],
) -> str:
    """Start a run and return its id.

    Args:
        experiment: name of the experiment; made if need be.
        name: of the run, as the MLflow UI shows it.
        artifacts: for the files of a new experiment in a local store; a server chooses itself.
        parameters: nested; logged as ``train.epochs`` and the like.
        tags: of the run.
    """
    client = import_client()
    from mlflow.entities import Param

    found = _find_experiment(client, experiment, artifacts)
    run = client.create_run(found, tags=dict(tags), run_name=name)
    params = [Param(key, value) for key, value in flatten_parameters(parameters).items()]
    client.log_batch(run.info.run_id, params=params)
    return str(run.info.run_id)


def set_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run; ``mlflow.note.content`` is its description in the MLflow UI."""
    client = import_client()
    from mlflow.entities import RunTag

    shortened = [RunTag(key, value[:LONGEST_TAG]) for key, value in tags.items()]
    client.log_batch(run_id, tags=shortened)


def read_run_id() -> str | None:
    """Return the id of the run under way, if any."""
    return os.environ.get(RUN_ID)


def _find_experiment(client: MlflowClient, name: str, artifacts: Path) -> str:
    """Return the id of the experiment, or of the next one if somebody has deleted that.

    A deleted experiment takes no run and keeps its name. Nobody but who has deleted it knows
    whether it was meant to be, so it stays so, and the run is not lost.
    """
    for free in chain([name], (f"{name} {number}" for number in count(2))):
        found = client.get_experiment_by_name(free)
        if found and found.lifecycle_stage != "deleted":
            return str(found.experiment_id)
        if not found:
            break
    if free != name:
        _tell_of_deleted(name, client.get_experiment_by_name(name).experiment_id, free)
    is_local = os.environ[TRACKING_URI].startswith(SQLITE)
    # Another run may have made it since, or the server this one's before it did not answer.
    with accept_answer("RESOURCE_ALREADY_EXISTS"):
        client.create_experiment(free, artifacts.as_uri() if is_local else None, make_view_tags())
    return str(client.get_experiment_by_name(free).experiment_id)


def _tell_of_deleted(name: str, experiment: str, successor: str) -> None:
    logger.warning(
        "The experiment %r was deleted in MLflow: this run and the next ones go to %r. To have the "
        "deleted one back, with its runs: MLFLOW_TRACKING_URI=%s mlflow experiments restore "
        "--experiment-id %s",
        name,
        successor,
        shlex.quote(hide_credentials(os.environ[TRACKING_URI])),
        experiment,
    )
