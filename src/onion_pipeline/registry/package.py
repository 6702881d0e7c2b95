"""The package that MLflow keeps of a model: its content, code, requirements and signature."""

import base64
import hashlib
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from onion_pipeline.annotations import DataFrame
from onion_pipeline.evaluation.predictions import PROBABILITY
from onion_pipeline.origin import find_versions
from onion_pipeline.registry.attachments import FOLDER
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.content import read_content, write_content

if TYPE_CHECKING:
    from mlflow.models import Model

CODE = Path(__file__).parents[1]
CONTENT = "artifacts"  # where weights and configuration are in a package
# Two packages of the same model differ in the times, ids and paths in the one, and in what an
# earlier version has to do with it in the other.
UNCOMPARED = {"MLmodel", FOLDER}
# What is answered even for a picture that cannot be decoded.
ALWAYS = {"abstained", "error"}
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


def write_package(folder: Path, classifier: Classifier, described: "Model") -> None:
    """Write a model with its decoding as an MLflow pyfunc.

    Args:
        folder: does not exist yet.
        classifier: the trained model, and how it is served.
        described: what else MLflow notes of it: its run, its id.
    """
    import mlflow

    config = classifier.config
    with tempfile.TemporaryDirectory() as made:
        weights, text = write_content(Path(made), classifier.model, config)
        mlflow.pyfunc.save_model(
            folder,
            mlflow_model=described,
            python_model=str(CODE / "registry" / "pyfunc.py"),
            artifacts={"weights": str(weights), "serving": str(text)},
            code_paths=[str(CODE)],
            signature=_make_signature(config),
            input_example=make_input_example(config),
            pip_requirements=list_requirements(),
        )


def read_classifier(package: Path) -> Classifier:
    """Return the classifier in a package, without running the code that it carries.

    Raises:
        RegistryError: its files are damaged or not of this project.
    """
    return Classifier(*read_content(package / CONTENT), find_model_version(package))


def find_model_version(package: Path) -> str | None:
    """Return the version of the registered model in `package`, if that came from a registry.

    Whoever loads ``models:/<name>/<version>`` or ``models:/<name>@<alias>``, here or in
    ``mlflow models serve``, has MLflow note what it resolved to in a file beside the model.
    A folder that was copied from elsewhere has none, and its version cannot be known.
    """
    from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME
    from mlflow.utils.yaml_utils import read_yaml

    if not (package / REGISTERED_MODEL_META_FILE_NAME).is_file():
        return None
    version = read_yaml(str(package), REGISTERED_MODEL_META_FILE_NAME)["model_version"]
    return None if version is None else str(version)


def hash_package(folder: Path) -> str:
    """Return a checksum of the files of a package: two of the same model have the same."""
    digest = hashlib.blake2b(digest_size=32)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in UNCOMPARED and path.suffix != ".pyc":
            digest.update(f"{name.as_posix()} {path.stat().st_size};".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def make_input_example(config: ServingConfig) -> DataFrame:
    """Return a table with one grey picture as base64 text, as a client sends it over HTTP."""
    import pandas as pd

    height, width, channels = config.image_shape
    picture = Image.new("RGB" if channels == 3 else "L", (width, height), "gray")  # noqa: PLR2004
    encoded = io.BytesIO()
    picture.save(encoded, format="PNG")
    return pd.DataFrame({"image": [base64.b64encode(encoded.getvalue()).decode()]})


def list_requirements() -> list[str]:
    """Return what serving needs, at the versions installed here."""
    versions = find_versions(SERVING_LIBRARIES)
    return [f"{name}=={version}" for name, version in versions.items()]


def _make_signature(config: ServingConfig) -> Any:
    """Return the columns that go in and come out.

    The picture is declared as text, and taken as bytes too: MLflow hands an object column on as it
    is. Declared as binary, it would be base64 text that MLflow decodes itself over HTTP, where one
    that is damaged, or null, makes the whole batch fail. A prediction set is an array, which JSON,
    Spark and MLflow's schema all have, so that nobody has to parse a text in a text.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import Array

    outputs = {
        "label": "string",
        "confidence": "double",
        **{f"{PROBABILITY}{name}": "double" for name in config.class_names},
        "prediction_set": Array("string"),
        "abstained": "boolean",
        "model_version": "string",
        "error": "string",
    }
    return ModelSignature(
        inputs=Schema([ColSpec("string", "image")]),
        outputs=Schema(
            [ColSpec(kind, name, required=name in ALWAYS) for name, kind in outputs.items()]
        ),
    )
