"""Nodes that classify new images."""

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.parameters import PredictParameters
from onion_pipeline.registry import batch


def classify_images(
    new_images: ImageSource, parameters: PredictParameters
) -> tuple[DataFrame, DataFrame]:
    """Classify pictures with a registered model; list the unreadable ones."""
    return batch.classify_images(new_images, parameters.model)
