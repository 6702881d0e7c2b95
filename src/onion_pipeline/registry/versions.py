"""Versions of the registered model: making them, naming them, finding them."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.errors import RegistryError
from onion_pipeline.model.saving import save_model
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.tracking import RUN_ID, find_version, import_client, read_run_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

PACKAGE = Path(__file__).parents[1]
SERVING_LIBRARIES = (
    "tensorflow-cpu",
    "tensorflow",
    "keras",
    "mlflow",
    "numpy",
    "pandas",
    "pillow",
    "pydantic",
    "simplejpeg",
)


class ModelVersion(NamedTuple):
    """A version in the registry, its alias and the URI that loads it."""

    model_name: str
    version: str
    alias: str
    uri: str
    run_id: str


def register_model(model: KerasModel, card: ModelCard, name: str, alias: str) -> ModelVersion:
    """Log `model` with its decoding to a run and register it as the next version of `name`.

    Args:
        model: the trained model.
        card: class names and preprocessing.
        name: of the registered model.
        alias: ``champion``, ``challenger``, or ``auto``: champion if there is none yet.

    Returns:
        The version; it belongs to the run under way, or to a new one if there is none.
    """
    import mlflow

    client = import_client()
    with (
        tempfile.TemporaryDirectory() as folder,
        _join_run() as run,
    ):
        weights, described = Path(folder) / "model.keras", Path(folder) / "card.json"
        save_model(model, weights)
        card.write(described)
        logged = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(PACKAGE / "registry" / "serving.py"),
            artifacts={"weights": str(weights), "card": str(described)},
            code_paths=[str(PACKAGE)],
            signature=_make_signature(card),
            input_example=make_input_example(card),
            pip_requirements=list_requirements(),
        )
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    created = client.create_model_version(
        name, logged.model_uri, run.info.run_id, model_id=logged.model_id
    )
    number = str(created.version)
    chosen = choose_alias(client, name, alias)
    client.set_registered_model_alias(name, chosen, number)
    return ModelVersion(name, number, chosen, f"models:/{name}/{number}", run.info.run_id)


@contextmanager
def _join_run() -> Iterator[Any]:
    """Give the run under way, or a new one; MLflow forgets the former when the block ends."""
    import mlflow

    under_way = read_run_id()
    try:
        with mlflow.start_run(run_id=under_way) as run:
            yield run
    finally:
        if under_way:
            os.environ[RUN_ID] = under_way


def choose_alias(client: "MlflowClient", name: str, alias: str) -> str:
    """Return `alias`, or for ``auto`` ``champion`` if `name` has none yet, else ``challenger``."""
    if alias != "auto":
        return alias
    return "challenger" if "champion" in client.get_registered_model(name).aliases else "champion"


def load_classifier(uri: str) -> tuple[Any, str]:
    """Return a registered model as an MLflow pyfunc, and its version.

    Args:
        uri: an MLflow model URI such as ``models:/onion_pipeline@champion``.

    Raises:
        RegistryError: there is no such model or version.
    """
    import mlflow

    client = import_client()
    try:
        number = _find_version(client, uri)
        return mlflow.pyfunc.load_model(uri), number
    except mlflow.MlflowException as error:
        raise RegistryError(
            f"There is no model {uri} in {mlflow.get_tracking_uri()}: "
            f"{error.message.rstrip('.')}. "
            "Train and register one with 'kedro run', or name another with "
            "--params predict.model=models:/<name>/<version>."
        ) from error


def make_input_example(card: ModelCard) -> DataFrame:
    """Return a table with one grey picture as encoded bytes, as the registered model takes it."""
    import pandas as pd

    height, width, channels = card.image_shape
    picture = Image.new("RGB" if channels == 3 else "L", (width, height), "gray")  # noqa: PLR2004
    encoded = io.BytesIO()
    picture.save(encoded, format="PNG")
    return pd.DataFrame({"image": [encoded.getvalue()]})


def list_requirements() -> list[str]:
    """Return what serving needs, at the versions installed here."""
    found = {name: find_version(name) for name in SERVING_LIBRARIES}
    return [f"{name}=={version}" for name, version in found.items() if version]


def _find_version(client: "MlflowClient", uri: str) -> str:
    name, at, alias = uri.removeprefix("models:/").partition("@")
    if at:
        return str(client.get_model_version_by_alias(name, alias).version)
    return uri.rpartition("/")[2]


def _make_signature(card: ModelCard) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    probabilities = [ColSpec("double", f"probability_{name}") for name in card.class_names]
    return ModelSignature(
        inputs=Schema([ColSpec("binary", "image")]),
        outputs=Schema(
            [
                ColSpec("string", "label"),
                ColSpec("double", "confidence"),
                *probabilities,
                ColSpec("string", "error"),
            ]
        ),
    )
