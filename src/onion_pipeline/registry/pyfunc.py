"""What MLflow runs to load a registered model: models from code need no pickle."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from onion_pipeline.registry.package import read_classifier


class ImageClassifier(mlflow.pyfunc.PythonModel):
    """Classifies encoded pictures: :class:`~onion_pipeline.serving.classifier.Classifier`.

    Input: a table with a column ``image`` of encoded bytes or base64 text.
    Output: a row for each picture, see :func:`~onion_pipeline.serving.answers.tabulate_answers`.
    """

    def load_context(self, context: Any) -> None:
        """Load the weights and how they are served from the artifacts of the model version."""
        self.classifier = read_classifier(Path(context.artifacts["weights"]).parents[1])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row per picture of `model_input`; a broken one costs only its own row."""
        return self.classifier.classify(model_input["image"])


mlflow.models.set_model(ImageClassifier())
