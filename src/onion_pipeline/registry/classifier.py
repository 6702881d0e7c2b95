"""The registered model: from the bytes of pictures to labels, decoding and resizing included."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME
from mlflow.utils.yaml_utils import read_yaml

from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.images.decoding import RejectedImageError, decode_image
from onion_pipeline.model.backend import import_keras
from onion_pipeline.registry.answers import tabulate_answers
from onion_pipeline.registry.payloads import read_payload
from onion_pipeline.registry.serving_config import ServingConfig

IMAGE = "image"


class ImageClassifier(mlflow.pyfunc.PythonModel):
    """Classifies encoded pictures (JPEG, PNG, …) exactly as they were decoded for training.

    Input: a table with a column ``image`` of encoded bytes or base64 text.
    Output: a row for each picture, see :func:`~onion_pipeline.registry.answers.tabulate_answers`.
    """

    def load_context(self, context: Any) -> None:
        """Load the weights and how they are served from the artifacts of the model version."""
        files = context.artifacts
        weights = Path(files["weights"])
        # Versions that were registered before the file was called so have it as "card".
        self.config = ServingConfig.read(Path(files.get("serving") or files["card"]))
        self.model = import_keras().models.load_model(weights, compile=False, safe_mode=True)
        self.version = find_model_version(weights.parents[1])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row per picture of `model_input`; a broken one costs only its own row."""
        decoded, errors = self._decode(model_input[IMAGE])
        probabilities = np.empty((0, len(self.config.class_names)))
        if decoded:
            answers = predict_probabilities(self.model, np.stack(decoded))
            probabilities = answers.astype(np.float64)
        return tabulate_answers(probabilities, errors, self.config, self.version)

    def _decode(self, payloads: Iterable[Any]) -> tuple[list[Any], list[str]]:
        shape, rendering = self.config.image_shape, self.config.rendering
        decoded, errors = [], []
        for payload in payloads:
            try:
                decoded.append(decode_image(read_payload(payload), shape, rendering))
                errors.append("")
            except RejectedImageError as error:
                errors.append(str(error))
        return decoded, errors


def find_model_version(folder: Path) -> str | None:
    """Return the version of the registered model in `folder`, if that came from a registry.

    Whoever loads ``models:/<name>/<version>`` or ``models:/<name>@<alias>``, here or in
    ``mlflow models serve``, has MLflow note what it resolved to in a file beside the model.
    A folder that was copied from elsewhere has none, and its version cannot be known.
    """
    if not (folder / REGISTERED_MODEL_META_FILE_NAME).is_file():
        return None
    version = read_yaml(str(folder), REGISTERED_MODEL_META_FILE_NAME)["model_version"]
    return None if version is None else str(version)
