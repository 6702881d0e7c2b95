"""Nodes that turn image files into arrays and splits."""

import logging

from numpy import uint8
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images import index as indexing
from onion_pipeline.images.arrays import LabelledImages, select_split
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.images.splits import SPLITS, split_images
from onion_pipeline.parameters import IngestParameters

logger = logging.getLogger(__name__)


def read_images(
    raw_images: ImageSource, parameters: IngestParameters, seed: int
) -> tuple[DataFrame, DataFrame, NDArray[uint8], DataFrame, list[str]]:
    """List every file, decode the usable ones and draw their splits.

    One node, so that images which cannot be split leave the results of an earlier run alone.
    """
    import pandas as pd

    index = indexing.index_images(raw_images)
    shape = indexing.choose_image_shape(index, parameters.image_size, parameters.color_mode)
    images, rejected = indexing.decode_images(raw_images, index, shape, parameters.resize)
    quarantine = pd.concat([indexing.list_rejected(index), rejected])
    if len(quarantine):
        refused = indexing.describe_rejected(quarantine)
        logger.info("%d of %d files are refused: %s", len(quarantine), len(index), refused)
    usable = index[~index["path"].isin(quarantine["path"])].reset_index(drop=True)
    splits = split_images(usable, parameters.fractions.model_dump(), seed)
    quarantine = quarantine.sort_values("path", ignore_index=True)
    return index, quarantine, images, splits, sorted(splits["label"].unique())


def select_images(
    decoded_images: NDArray[uint8], image_splits: DataFrame, class_names: list[str]
) -> tuple[LabelledImages, LabelledImages, LabelledImages]:
    """Gather the images of each split with their labels."""
    train, validation, test = (
        select_split(decoded_images, image_splits, class_names, split) for split in SPLITS
    )
    return train, validation, test
