"""From the bytes of pictures to labels, decoding and resizing included."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.images.decoding.decoder import RejectedImageError, decode_image
from onion_pipeline.serving.answers import tabulate_answers
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.payloads import read_payload


class Classifier(NamedTuple):
    """Classifies encoded pictures (JPEG, PNG, …) exactly as they were decoded for training.

    Args:
        model: the network.
        config: class names, preprocessing and operating point.
        version: of the registered model; ``None`` if it came from no registry.
    """

    model: KerasModel
    config: ServingConfig
    version: str | None = None

    def classify(self, payloads: Iterable[Any]) -> DataFrame:
        """Return a row for each picture; a broken one costs only its own row.

        `payloads` are encoded bytes, base64 text or data URIs; for the columns see
        :func:`~onion_pipeline.serving.answers.tabulate_answers`.
        """
        decoded, errors = [], []
        for payload in payloads:
            try:
                decoded.append(self.decode(payload))
                errors.append("")
            except RejectedImageError as error:
                errors.append(str(error))
        return tabulate_answers(self.predict(decoded), errors, self.config, self.version)

    def decode(self, payload: Any) -> NDArray[np.uint8]:
        """Return the pixels, uint8 (H, W, C), of one picture as the network takes them.

        Raises:
            RejectedImageError: has a ``reason`` and the ``detail``.
        """
        return decode_image(read_payload(payload), self.config.image_shape, self.config.rendering)

    def predict(
        self, images: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
    ) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, K), of N decoded pictures, uint8 (H, W, C) each."""
        return predict_probabilities(self.model, np.asarray(images))
