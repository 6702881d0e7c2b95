"""Nodes that classify new images."""

import logging

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.parameters import IngestParameters, PredictParameters
from onion_pipeline.registry.versions import load_classifier
from onion_pipeline.serving import batch

logger = logging.getLogger(__name__)


def classify_images(
    new_images: ImageSource, parameters: PredictParameters, ingest: IngestParameters
) -> tuple[DataFrame, DataFrame]:
    """Classify pictures with a registered model; list the unreadable ones."""
    source = new_images.follow_links(ingest.follow_links)
    source.check_listed()
    if source.warning:
        logger.warning(source.warning)
    return batch.classify_images(source, load_classifier(parameters.model))
