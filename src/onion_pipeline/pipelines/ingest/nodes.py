"""Nodes that turn image files into arrays and splits one can trust."""

import logging
from typing import Any

from onion_pipeline.annotations import DataFrame, ImageFigure, PlotlyFigure
from onion_pipeline.images import index, loading, splits
from onion_pipeline.images.arrays import ArrayChunks, DecodedImages, check_match, select_split
from onion_pipeline.images.decoding import bit_depth
from onion_pipeline.images.decoding.opening import Rendering, make_rendering
from onion_pipeline.images.duplicates import list_duplicates
from onion_pipeline.images.quality import classes, data_report, measures, quality_figures
from onion_pipeline.images.quarantine import check_quarantine, describe_reasons, list_quarantined
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.parameters import IngestParameters

logger = logging.getLogger(__name__)


def index_images(raw_images: ImageSource, parameters: IngestParameters) -> DataFrame:
    """List every file with its checksum, size and label, or why it is refused."""
    source = raw_images.follow_links(parameters.follow_links)
    source.check_listed()
    if source.warning:
        logger.warning(source.warning)
    image_index = index.index_images(
        source,
        make_rendering(parameters),
        parameters.label_level,
        parameters.group_by,
        measures_depth=parameters.bit_depth == "auto",
    )
    is_usable = image_index["reason"].isna()
    _tell_classes(image_index, image_index[is_usable])
    if parameters.group_by:
        logger.info("%s (ingest.group_by)", index.describe_groups(image_index))
    # What cannot be mended later is told now: no result of an earlier run has been replaced.
    check_quarantine(image_index[~is_usable], len(image_index), limit=1.0)
    splits.check_classes(image_index[is_usable])
    return image_index


def choose_rendering(image_index: DataFrame, parameters: IngestParameters) -> dict[str, Any]:
    """Say how pictures become pixels, in this run and wherever its model is served."""
    if parameters.bit_depth != "auto":
        return make_rendering(parameters)._asdict()
    depth = bit_depth.find_bit_depth(image_index)
    if depth < bit_depth.MOST_BITS:
        logger.info(bit_depth.describe_bit_depth(image_index, depth))
    few = bit_depth.describe_few_bright(image_index, depth)
    if few:
        logger.warning(few)
    return make_rendering(parameters, depth)._asdict()


def decode_images(
    raw_images: ImageSource,
    image_index: DataFrame,
    rendering: dict[str, Any],
    parameters: IngestParameters,
) -> ArrayChunks:
    """Decode the usable files to pixels of one size."""
    shape = index.choose_image_shape(image_index, parameters.image_size, parameters.color_mode)
    source = raw_images.follow_links(parameters.follow_links)
    return loading.decode_images(source, image_index, shape, Rendering(**rendering))


def quarantine_files(
    raw_images: ImageSource,
    image_index: DataFrame,
    decoded_images: DecodedImages,
    rendering: dict[str, Any],
    parameters: IngestParameters,
) -> DataFrame:
    """List the files that are refused, each with the reason."""
    source = raw_images.follow_links(parameters.follow_links)
    quarantine = list_quarantined(source, image_index, decoded_images, Rendering(**rendering))
    if len(quarantine):
        reasons = describe_reasons(quarantine)
        logger.info("%d of %d files refused: %s", len(quarantine), len(image_index), reasons)
    return quarantine


def find_duplicates(
    image_index: DataFrame,
    quarantine: DataFrame,
    decoded_images: DecodedImages,
    parameters: IngestParameters,
) -> DataFrame:
    """Find pictures that are the same or nearly so, unless too many files are refused."""
    check_quarantine(quarantine, len(image_index), parameters.max_quarantined)
    files = _select_decoded(image_index, decoded_images)
    near = parameters.near_duplicates == "together"
    return list_duplicates(files, decoded_images["image"], near)


def split_images(
    image_index: DataFrame,
    decoded_images: DecodedImages,
    duplicates: DataFrame,
    parameters: IngestParameters,
) -> tuple[DataFrame, list[str]]:
    """Draw the splits, such that no picture and its like lie in two of them."""
    files = _select_decoded(image_index, decoded_images)
    fractions, seed = parameters.fractions.model_dump(), parameters.seed
    table = splits.split_images(files, duplicates, fractions, seed, parameters.split_method)
    leaks = splits.find_leaks(table, duplicates)
    if len(leaks):
        logger.warning(splits.describe_leaks(leaks))
    for absent in data_report.describe_absent(table):
        logger.warning(absent)
    if parameters.folds:
        table["fold"] = splits.assign_folds(table, parameters.folds, seed)
    return table, sorted(table["label"].unique())


def select_images(
    decoded_images: DecodedImages, image_splits: DataFrame, class_names: list[str]
) -> tuple[ArrayChunks, ArrayChunks, ArrayChunks]:
    """Gather the images of each split with their labels."""
    train, validation, test = (
        select_split(decoded_images, image_splits, class_names, split) for split in splits.SPLITS
    )
    return train, validation, test


def report_data(
    image_index: DataFrame,
    quarantine: DataFrame,
    decoded_images: DecodedImages,
    duplicates: DataFrame,
    image_splits: DataFrame,
    parameters: IngestParameters,
) -> tuple[dict[str, Any], PlotlyFigure, ImageFigure]:
    """Report what the data holds, and what a person should look at."""
    measured = measures.measure_images(decoded_images["image"])
    report = data_report.report_data(image_index, quarantine, duplicates, image_splits, measured)
    report["duplicates"]["near_looked_for"] = parameters.near_duplicates == "together"
    figure = quality_figures.draw_data_report(image_index, image_splits, measured)
    pictures = decoded_images["image"]
    gallery = quality_figures.draw_suspects(pictures, duplicates, image_splits, measured)
    return report, figure, gallery


def _tell_classes(image_index: DataFrame, usable: DataFrame) -> None:
    counts = classes.count_classes(usable)
    if counts:
        logger.info(classes.describe_classes(counts))
    for warning in (
        classes.describe_lost(image_index),
        classes.describe_lookalikes(counts),
        classes.describe_inner_splits(usable),
    ):
        if warning:
            logger.warning(warning)


def _select_decoded(image_index: DataFrame, decoded_images: DecodedImages) -> DataFrame:
    """Return the rows of the index that were decoded, in their order."""
    files = image_index.iloc[decoded_images["index"]].reset_index(drop=True)
    check_match(decoded_images, files)
    return files
