"""What a version in the registry says of its making."""

import json
import tempfile
from pathlib import Path

from onion_pipeline.errors import RegistryError
from onion_pipeline.registry.attachments import FOLDER
from onion_pipeline.registry.logged_models import require_files
from onion_pipeline.tracking.mlflow_client import import_client
from onion_pipeline.tracking.outage import ask_store
from onion_pipeline.training.lineage import IMAGES, LINEAGE, RecordedVersion


def read_version(uri: str) -> RecordedVersion:
    """Return what a version says of its making.

    Args:
        uri: an MLflow model URI such as ``models:/onion_pipeline@champion``.

    Raises:
        StoreOutageError: MLflow does not answer.
        RegistryError: there is no such version, or it was registered without a lineage.
    """
    import pandas as pd

    with tempfile.TemporaryDirectory() as made, ask_store():
        exact, checksum = _find_version(uri)
        folder = _download(exact, made)
        lineage = json.loads((folder / LINEAGE).read_text(encoding="utf-8"))
        return RecordedVersion(exact, checksum, lineage, pd.read_parquet(folder / IMAGES))


def _find_version(uri: str) -> tuple[str, str]:
    """Return the URI by number and the checksum of the version at `uri`."""
    client = import_client()
    from mlflow.store.artifact.utils.models import get_model_name_and_version

    name, number = get_model_name_and_version(client, uri)
    try:
        require_files(client, name, number)
    except RegistryError as error:
        raise RegistryError(
            f"Version {number} of {name} cannot be verified: {error}. Put them back, or train and "
            "register it anew with 'kedro run'."
        ) from error
    tags = client.get_model_version(name, number).tags
    return f"models:/{name}/{number}", tags.get("checksum", "")


def _download(uri: str, target: str) -> Path:
    from mlflow import artifacts

    kept = artifacts.list_artifacts(f"{uri}/{FOLDER}")
    missing = {LINEAGE, IMAGES} - {Path(file.path).name for file in kept}
    if missing:
        raise RegistryError(
            f"{uri} has no {FOLDER}/{min(missing)}: it was registered without its lineage, and "
            "cannot be verified. Name another version with --params verify.model=models:/<name>/"
            "<version>, or train and register one with 'kedro run'."
        )
    return Path(artifacts.download_artifacts(f"{uri}/{FOLDER}", dst_path=target))
