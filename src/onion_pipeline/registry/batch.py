"""Many new pictures through one registered model."""

import json
import logging

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.decoding.bit_depth import describe_other_depth
from onion_pipeline.images.decoding.decoder import (
    RejectedImageError,
    Rendering,
    measure_largest_value,
    read_header,
)
from onion_pipeline.images.loading import read_file
from onion_pipeline.images.quarantine import check_quarantine
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.registry.versions import load_classifier

CHUNK = 256
MEASURED = 32  # pictures of 16 bits of which the largest value is found
REJECTED = ["path", "reason", "detail"]

logger = logging.getLogger(__name__)


def classify_images(source: ImageSource, uri: str) -> tuple[DataFrame, DataFrame]:
    """Classify the files of `source` with the model at `uri`, a few hundred at a time.

    Args:
        source: encoded pictures; their folders mean nothing.
        uri: an MLflow model URI such as ``models:/onion_pipeline@champion``.

    Returns:
        The predictions, column ``path`` and those of
        :func:`~onion_pipeline.serving.answers.tabulate_answers` but ``error``, the prediction
        set as JSON text; and the files that could not be read, columns ``path``, ``reason`` and
        ``detail``.

    Raises:
        RegistryError: there is no such model.
        DataError: not one file could be read.
    """
    import pandas as pd

    model, _ = load_classifier(uri)
    predictions, unreadable = [], [pd.DataFrame(source.refused, columns=REJECTED, dtype="str")]
    for start in range(0, len(source.paths), CHUNK):
        files, refused = _read_files(source, source.paths[start : start + CHUNK])
        unreadable.append(refused)
        if start == 0:
            _check_depth(files, model.unwrap_python_model().classifier.config.rendering)
        if len(files):
            answers = model.predict(files[["image"]]).assign(path=files["path"])
            predictions.append(answers[answers["error"] == ""])
            unreadable.append(_explain(answers[answers["error"] != ""]))
    rejected = pd.concat(unreadable).sort_values("path", ignore_index=True)
    check_quarantine(rejected, len(source.paths) + len(source.refused), limit=1.0)
    return _join(predictions), rejected


def _check_depth(files: DataFrame, rendering: Rendering) -> None:
    """Tell if the first pictures of 16 bits have others than the model was trained with."""
    largest: list[int] = []
    for data in files["image"]:
        try:
            if len(largest) < MEASURED and read_header(data, rendering).deep:
                largest.append(measure_largest_value(data, rendering))
        except RejectedImageError:
            continue  # the model says why
    warning = describe_other_depth(largest, rendering.bit_depth)
    if warning:
        logger.warning(warning)


def _join(answers: list[DataFrame]) -> DataFrame:
    """Return the answers as one table that a CSV file can hold."""
    import pandas as pd

    table = pd.concat(answers, ignore_index=True).drop(columns="error").infer_objects()
    table.insert(0, "path", table.pop("path"))
    table["prediction_set"] = table["prediction_set"].map(_write_set, na_action="ignore")
    return table


def _write_set(labels: list[str]) -> str:
    return json.dumps(labels, ensure_ascii=False)


def _read_files(source: ImageSource, paths: tuple[str, ...]) -> tuple[DataFrame, DataFrame]:
    import pandas as pd

    files, refused = [], []
    for path in paths:
        try:
            files.append((path, read_file(source, path)))
        except RejectedImageError as error:
            refused.append((path, error.reason, error.detail))
    return (
        pd.DataFrame(files, columns=["path", "image"]),
        pd.DataFrame(refused, columns=REJECTED, dtype="str"),
    )


def _explain(broken: DataFrame) -> DataFrame:
    """Take the reason and the detail of each error text apart again."""
    import pandas as pd

    parts = [error.split(": ", maxsplit=1) for error in broken["error"]]
    table = pd.DataFrame(parts, columns=REJECTED[1:], index=broken.index, dtype="str")
    table.insert(0, "path", broken["path"])
    return table
