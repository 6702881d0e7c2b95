"""What MLflow runs to load a registered model: models from code need no pickle."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME
from mlflow.utils.yaml_utils import read_yaml

from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.content import read_content

IMAGE = "image"


class ImageClassifier(mlflow.pyfunc.PythonModel):
    """Classifies encoded pictures: :class:`~onion_pipeline.serving.classifier.Classifier`.

    Input: a table with a column ``image`` of encoded bytes or base64 text.
    Output: a row for each picture, see :func:`~onion_pipeline.serving.answers.tabulate_answers`.
    """

    def load_context(self, context: Any) -> None:
        """Load the weights and how they are served from the artifacts of the model version."""
        weights = Path(context.artifacts["weights"])
        version = find_model_version(weights.parents[1])
        self.classifier = Classifier(*read_content(weights.parent), version)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row per picture of `model_input`; a broken one costs only its own row."""
        return self.classifier.classify(model_input[IMAGE])


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


mlflow.models.set_model(ImageClassifier())
