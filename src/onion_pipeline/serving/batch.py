"""Many new pictures through one classifier."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.decoding import bit_depth, decoder
from onion_pipeline.images.loading import read_file
from onion_pipeline.images.quarantine import check_quarantine
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.serving.answers import tabulate_answers
from onion_pipeline.serving.classifier import Classifier

CHUNK = 256
MEASURED = 32  # pictures of 16 bits of which the largest value is found

logger = logging.getLogger(__name__)


def classify_images(source: ImageSource, classifier: Classifier) -> tuple[DataFrame, DataFrame]:
    """Classify the files of `source`, a few hundred at a time.

    Args:
        source: encoded pictures; their folders mean nothing.
        classifier: a registered model.

    Returns:
        The predictions, column ``path`` and those of
        :func:`~onion_pipeline.serving.answers.tabulate_answers` but ``error``, the prediction
        set as JSON text; and the files that could not be read, columns ``path``, ``reason`` and
        ``detail``.

    Raises:
        DataError: not one file could be read.
    """
    import pandas as pd

    predictions, rejected = [], list(source.refused)
    for start in range(0, len(source.paths), CHUNK):
        paths = source.paths[start : start + CHUNK]
        files = _sort_out(partial(read_file, source), zip(paths, paths, strict=True), rejected)
        if start == 0:
            _check_depth(files.values(), classifier.config.rendering)
        decoded = _sort_out(classifier.decode, files.items(), rejected)
        if decoded:
            predictions.append(_answer(decoded, classifier))
    unreadable = pd.DataFrame(rejected, columns=["path", "reason", "detail"], dtype="str")
    unreadable = unreadable.sort_values("path", ignore_index=True)
    check_quarantine(unreadable, len(source.paths) + len(source.refused), limit=1.0)
    return pd.concat(predictions, ignore_index=True), unreadable


def _sort_out(
    function: Callable[[Any], Any], files: Iterable[tuple[str, Any]], rejected: list[Any]
) -> dict[str, Any]:
    """Return what `function` makes of each file, by path, and note those that it refuses."""
    made = {}
    for path, content in files:
        try:
            made[path] = function(content)
        except decoder.RejectedImageError as error:
            rejected.append((path, error.reason, error.detail))
    return made


def _check_depth(files: Iterable[bytes], rendering: decoder.Rendering) -> None:
    """Tell if the first pictures of 16 bits have others than the model was trained with."""
    largest: list[int] = []
    for data in files:
        try:
            if len(largest) < MEASURED and decoder.read_header(data, rendering).deep:
                largest.append(decoder.measure_largest_value(data, rendering))
        except decoder.RejectedImageError:
            continue  # the classifier says why
    warning = bit_depth.describe_other_depth(largest, rendering.bit_depth)
    if warning:
        logger.warning(warning)


def _answer(decoded: Mapping[str, Any], classifier: Classifier) -> DataFrame:
    """Return the answers for some decoded pictures as a table that a CSV file can hold."""
    probabilities = classifier.predict(list(decoded.values()))
    errors = [""] * len(decoded)
    table = tabulate_answers(probabilities, errors, classifier.config, classifier.version)
    table.insert(0, "path", list(decoded))
    write = partial(json.dumps, ensure_ascii=False)
    table["prediction_set"] = table["prediction_set"].map(write, na_action="ignore")
    return table.drop(columns="error")
