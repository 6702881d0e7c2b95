"""The registered model: from the bytes of pictures to labels, decoding and resizing included."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from onion_pipeline.evaluation.predictions import PROBABILITY, predict_probabilities
from onion_pipeline.images.decoding import RejectedImageError, decode_image
from onion_pipeline.model.backend import import_keras
from onion_pipeline.registry.card import ModelCard

IMAGE = "image"


class ImageClassifier(mlflow.pyfunc.PythonModel):
    """Classifies encoded pictures (JPEG, PNG, …) exactly as they were decoded for training.

    Input: a table with a column ``image`` of encoded bytes; over HTTP, base64 text.
    Output: a row for each picture: ``label``, ``confidence``, ``probability_<class>`` and
    ``error``, empty unless the picture cannot be decoded; then the others are missing.
    """

    def load_context(self, context: Any) -> None:
        """Load the weights and the card from the artifacts of the model version."""
        self.card = ModelCard.read(Path(context.artifacts["card"]))
        self.model = import_keras().models.load_model(
            context.artifacts["weights"], compile=False, safe_mode=True
        )

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row per picture of `model_input`; a broken one costs only its own row."""
        decoded, errors = self._decode(model_input[IMAGE])
        good = [row for row, error in enumerate(errors) if not error]
        table = np.full((len(errors), len(self.card.class_names)), np.nan)
        if good:
            table[good] = predict_probabilities(self.model, np.stack(decoded))
        labels = np.full(len(errors), None, dtype=object)
        labels[good] = [self.card.class_names[number] for number in table[good].argmax(axis=1)]
        names = self.card.class_names
        columns = {f"{PROBABILITY}{name}": table[:, i] for i, name in enumerate(names)}
        return pd.DataFrame(
            {"label": labels, "confidence": table.max(axis=1), **columns, "error": errors}
        )

    def _decode(self, images: Sequence[bytes]) -> tuple[list[Any], list[str]]:
        decoded, errors = [], []
        for data in images:
            try:
                decoded.append(decode_image(data, self.card.image_shape, self.card.rendering))
                errors.append("")
            except RejectedImageError as error:
                errors.append(str(error))
        return decoded, errors
