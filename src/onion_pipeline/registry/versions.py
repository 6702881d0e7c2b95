"""Versions of the registered model: making them once, naming them, finding them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal, NamedTuple

from onion_pipeline.annotations import MlflowClient, MlflowRun
from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.registry.aliases import settle_alias
from onion_pipeline.registry.attachments import Attachments
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.registry.logged_models import fetch_package, find_missing_folder, log_model
from onion_pipeline.registry.package import read_classifier
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.content import hash_content
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import accept_answer, ask_store, find_command
from onion_pipeline.tracking.runs import read_run_id

# The tag by which a version of the same model is found again.
CHECKSUM = "checksum"
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


class ModelVersion(NamedTuple):
    """A version in the registry, its alias and why it has it, and how to find it again.

    Args:
        alias: ``champion`` or ``challenger``.
        decision: the same, as it was decided.
        uri: loads it.
        run_id: of the MLflow run that made it.
        checksum: of what it answers with.
        command: finds it again.
    """

    model_name: str
    version: str
    alias: str
    decision: str
    reason: str
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
    decision: Literal["pending"] = "pending"
    status: Literal["pending"] = "pending"


def register_model(
    classifier: Classifier, name: str, decision: Decision, attachments: Attachments
) -> ModelVersion | PendingVersion:
    """Register a model with its decoding as the next version of `name`, unless it is one.

    The same model, by its layers, weights and configuration, is registered once: later attempts,
    of which an earlier one may have died on the way, find its version and give it the alias. One
    whose files somebody has deleted cannot be loaded, and is made anew, as the next version.

    Args:
        classifier: the trained model, and how it is served.
        name: of the registered model.
        decision: which alias it is to have; it holds while the champion stays the one that
            the model was compared with.
        attachments: what a new version carries beside the model.

    Returns:
        The version, which belongs to the run that was under way when it was made, or to a new
        one; or what is to be done later if MLflow does not answer, or did not for the decision.

    Raises:
        RegistryError: MLflow refuses the name or the run.
        ParityError: the package is another one.
    """
    checksum, command = hash_content(classifier.model, classifier.config), find_command()
    if decision.decision == "pending":
        return PendingVersion(name, decision.asked, decision.reason, checksum, command)
    try:
        with ask_store():
            client = import_client()
            found = find_registered(client, name, checksum, whole=True)
            noted = replace(attachments, tags={**attachments.tags, CHECKSUM: checksum})
            number, run_id = found or _make_version(client, classifier, name, noted)
            settled = settle_alias(client, name, number, decision)
    except StoreOutageError as outage:
        return PendingVersion(name, decision.asked, str(outage), checksum, command)
    uri, alias = f"models:/{name}/{number}", settled.decision
    return ModelVersion(name, number, alias, alias, settled.reason, uri, run_id, checksum, command)


def find_registered(
    client: MlflowClient, name: str, checksum: str, *, whole: bool = False
) -> tuple[str, str] | None:
    """Return number and run of the newest version with this content; if `whole`, with its files."""
    known = client.search_model_versions(f"name = '{name}' and tags.{CHECKSUM} = '{checksum}'")
    if whole:
        known = [each for each in known if not find_missing_folder(client, name, each.version)]
    newest = max(known, key=lambda each: int(each.version), default=None)
    return (str(newest.version), str(newest.run_id)) if newest else None


def _make_version(
    client: MlflowClient, classifier: Classifier, name: str, attachments: Attachments
) -> tuple[str, str]:
    """Return number and run of a new version."""
    with _join_run(client) as run:
        run_id = run.info.run_id
        model_id = log_model(client, run, classifier, name, attachments)
        with accept_answer("RESOURCE_ALREADY_EXISTS"):
            client.create_registered_model(name)
        retries = os.environ[RETRIES]
        os.environ[RETRIES] = "0"  # the server may do it the first time, and answer too late
        try:
            created = client.create_model_version(
                name,
                f"models:/{model_id}",
                run_id,
                tags=dict(attachments.tags),
                description=attachments.description or None,
                model_id=model_id,
            )
        finally:
            os.environ[RETRIES] = retries
    return str(created.version), run_id


@contextmanager
def _join_run(client: MlflowClient) -> Iterator[MlflowRun]:
    """Give the run under way, or a new one, which ends with the block."""
    under_way = read_run_id()
    run = client.get_run(under_way) if under_way else client.create_run(experiment_id="0")
    yield run
    if not under_way:
        client.set_terminated(run.info.run_id)


def load_classifier(uri: str) -> Classifier:
    """Return a registered model.

    Args:
        uri: an MLflow model URI such as ``models:/onion_pipeline@champion``.

    Raises:
        StoreOutageError: MLflow does not answer.
        RegistryError: there is no such model or version, or its files are damaged.
    """
    try:
        with ask_store(), fetch_package(import_client(), uri) as package:
            return read_classifier(package)
    except StoreOutageError as outage:
        raise StoreOutageError(
            f"The model {uri} cannot be loaded: {outage} Start it, or name another with "
            "MLFLOW_TRACKING_URI or in conf/base/mlflow.yml, and run this again."
        ) from outage
    except RegistryError as refusal:
        reason = str(refusal).removesuffix(".")
        raise RegistryError(
            f"There is no model {uri} to load: {reason}. Train and register one with 'kedro run', "
            "make a version champion with 'kedro run --pipelines promote --params "
            "promote.version=<number>', or name one with --params "
            "predict.model=models:/<name>/<number>."
        ) from refusal
