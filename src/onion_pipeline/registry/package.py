"""The files of a registered model: weights, card, code and requirements, and their identity."""

import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from PIL import Image

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.errors import RegistryError
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.saving import save_model
from onion_pipeline.registry.card import ModelCard
from onion_pipeline.registry.environment import find_version

if TYPE_CHECKING:
    from mlflow.models import Model

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


def hash_content(model: KerasModel, card: ModelCard) -> str:
    """Return a checksum of what a model answers with: its layers, its weights and its card.

    Two files of the same model differ, in the times that they hold; their checksums do not.
    """
    digest = hashlib.blake2b(digest_size=32)
    digest.update(json.dumps([model.get_config(), card.as_dictionary()], sort_keys=True).encode())
    for weights in model.get_weights():
        digest.update(f"{weights.dtype} {weights.shape};".encode())
        digest.update(weights.tobytes())
    return digest.hexdigest()


def write_package(folder: Path, model: KerasModel, card: ModelCard, described: "Model") -> None:
    """Write `model` with its decoding as an MLflow pyfunc.

    Args:
        folder: does not exist yet.
        model: the trained model.
        card: class names and preprocessing.
        described: what MLflow is to know of it beside.
    """
    import mlflow

    with tempfile.TemporaryDirectory() as made:
        weights, text = Path(made) / "model.keras", Path(made) / "card.json"
        save_model(model, weights)
        card.write(text)
        mlflow.pyfunc.save_model(
            folder,
            mlflow_model=described,
            python_model=str(PACKAGE / "registry" / "serving.py"),
            artifacts={"weights": str(weights), "card": str(text)},
            code_paths=[str(PACKAGE)],
            signature=_make_signature(card),
            input_example=make_input_example(card),
            pip_requirements=list_requirements(),
        )


def read_package(folder: Path) -> tuple[KerasModel, ModelCard]:
    """Return model and card of a package, without running the code in it.

    Raises:
        RegistryError: it is none that :func:`write_package` wrote, or is damaged.
    """
    weights, text = (folder / "artifacts" / name for name in ("model.keras", "card.json"))
    try:
        card = ModelCard.read(text)
        model = import_keras().models.load_model(weights, compile=False, safe_mode=True)
    except (BadZipFile, KeyError, OSError, TypeError, ValueError) as error:
        (reason, *_) = str(error).splitlines() or [""]
        raise RegistryError(f"it cannot be read: {type(error).__name__}: {reason}") from error
    return model, card


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
