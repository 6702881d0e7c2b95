"""Versions of the registered model: making them once, naming them, finding them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from onion_pipeline.annotations import KerasModel
from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.logged_models import log_model
from onion_pipeline.registry.outage import ask_store, find_command
from onion_pipeline.registry.package import hash_content
from onion_pipeline.registry.tracking import import_client, read_run_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# The tag by which a version of the same model is found again.
CHECKSUM = "checksum"
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


class ModelVersion(NamedTuple):
    """A version in the registry, its alias, the URI that loads it, the command that finds it."""

    model_name: str
    version: str
    alias: str
    uri: str
    run_id: str
    checksum: str
    command: str
    status: Literal["registered"] = "registered"


class PendingVersion(NamedTuple):
    """A version that could not be made, why, and the command that makes it later."""

    model_name: str
    alias: str
    reason: str
    checksum: str
    command: str
    status: Literal["pending"] = "pending"


def register_model(
    model: KerasModel, card: ModelCard, name: str, alias: str
) -> ModelVersion | PendingVersion:
    """Register `model` with its decoding as the next version of `name`, unless it is one.

    The same model, by its layers, weights and card, is registered once: later attempts, of which
    an earlier one may have died on the way, find its version and give it the alias.

    Args:
        model: the trained model.
        card: class names and preprocessing.
        name: of the registered model.
        alias: ``champion``, ``challenger``, or ``auto``: the one it has, or champion if there
            is none yet.

    Returns:
        The version, which belongs to the run that was under way when it was made, or to a new
        one if there was none; or what is to be done later if MLflow does not answer.

    Raises:
        RegistryError: MLflow refuses the name or the run.
    """
    checksum, command = hash_content(model, card), find_command()
    try:
        with ask_store():
            client = import_client()
            found = _find_registered(client, name, checksum)
            number, run_id = found or _make_version(client, model, card, name, checksum)
            chosen = choose_alias(client, name, alias, number)
            client.set_registered_model_alias(name, chosen, number)
    except StoreOutageError as outage:
        return PendingVersion(name, alias, str(outage), checksum, command)
    uri = f"models:/{name}/{number}"
    return ModelVersion(name, number, chosen, uri, run_id, checksum, command)


def _find_registered(client: "MlflowClient", name: str, checksum: str) -> tuple[str, str] | None:
    """Return number and run of the newest version of `name` with this content."""
    known = client.search_model_versions(f"name = '{name}' and tags.{CHECKSUM} = '{checksum}'")
    newest = max(known, key=lambda each: int(each.version), default=None)
    return (str(newest.version), str(newest.run_id)) if newest else None


def _make_version(
    client: "MlflowClient", model: KerasModel, card: ModelCard, name: str, checksum: str
) -> tuple[str, str]:
    """Return number and run of a new version."""
    with _join_run(client) as run:
        run_id = run.info.run_id
        model_id = log_model(client, run, model, card, name)
        _create_name(client, name)
        with _asking_once():
            created = client.create_model_version(
                name, f"models:/{model_id}", run_id, tags={CHECKSUM: checksum}, model_id=model_id
            )
    return str(created.version), run_id


def _create_name(client: "MlflowClient", name: str) -> None:
    from mlflow import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


@contextmanager
def _asking_once() -> Iterator[None]:
    """Never ask a server twice: it may have done it the first time, and answered too late."""
    retries = os.environ[RETRIES]
    os.environ[RETRIES] = "0"
    try:
        yield
    finally:
        os.environ[RETRIES] = retries


@contextmanager
def _join_run(client: "MlflowClient") -> Iterator["Run"]:
    """Give the run under way, or a new one, which ends with the block."""
    under_way = read_run_id()
    run = client.get_run(under_way) if under_way else client.create_run(experiment_id="0")
    yield run
    if not under_way:
        client.set_terminated(run.info.run_id)


def choose_alias(client: "MlflowClient", name: str, alias: str, number: str) -> str:
    """Return the alias that version `number` of `name` is to have.

    For ``auto`` the one it has; else ``champion`` if no version has that, or ``challenger``.
    """
    if alias != "auto":
        return alias
    taken = {each: str(of) for each, of in client.get_registered_model(name).aliases.items()}
    if taken.get("champion", number) == number:
        return "champion"
    return "challenger"


def load_classifier(uri: str) -> tuple[Any, str]:
    """Return a registered model as an MLflow pyfunc, and its version.

    Args:
        uri: an MLflow model URI such as ``models:/onion_pipeline@champion``.

    Raises:
        StoreOutageError: MLflow does not answer.
        RegistryError: there is no such model or version.
    """
    try:
        with ask_store():
            client = import_client()
            import mlflow

            number = _find_version(client, uri)
            return mlflow.pyfunc.load_model(uri), number
    except StoreOutageError as outage:
        raise StoreOutageError(
            f"The model {uri} cannot be loaded: {outage} Start it, or name another with "
            "MLFLOW_TRACKING_URI or in conf/base/mlflow.yml, and run this again."
        ) from outage
    except RegistryError as refusal:
        raise RegistryError(
            f"There is no model {uri} to load: {refusal} Train and register one with "
            "'kedro run', or name another with --params predict.model=models:/<name>/<version>."
        ) from refusal


def _find_version(client: "MlflowClient", uri: str) -> str:
    name, at, alias = uri.removeprefix("models:/").partition("@")
    if at:
        return str(client.get_model_version_by_alias(name, alias).version)
    return uri.rpartition("/")[2]
