"""What the same network answers in each runtime: Keras, from its file; pyfunc; ONNX."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.evaluation.predictions import PROBABILITY, predict_probabilities
from onion_pipeline.model.backend import import_keras
from onion_pipeline.registry.golden_images import GoldenImages
from onion_pipeline.serving.onnx_export import export_onnx, predict_onnx
from onion_pipeline.tracking.mlflow_client import import_mlflow


class Outputs(NamedTuple):
    """What comes out of one runtime.

    Args:
        probabilities: float, (G, K); NaN where there is none.
        errors: for each of G pictures why there is none, else empty; ``None``: of none.
    """

    probabilities: NDArray[np.floating[Any]]
    errors: Sequence[str] | None = None


def ask_table(table: DataFrame, class_names: Sequence[str]) -> Outputs:
    """Return what a table says that has a row per picture and a column per class.

    The columns are found by the names of the classes, so that their order in the table is its own.
    """
    columns = [f"{PROBABILITY}{name}" for name in class_names]
    errors = table["error"].tolist() if "error" in table else None
    return Outputs(table.reindex(columns=columns).to_numpy(np.float64), errors)


def ask_file(path: Path, golden: GoldenImages) -> Outputs:
    """Return what the network in a ``.keras`` file answers to pixels."""
    model = import_keras().models.load_model(path, compile=False, safe_mode=True)
    return Outputs(predict_probabilities(model, golden.pixels))


def ask_package(folder: Path, golden: GoldenImages, class_names: Sequence[str]) -> Outputs:
    """Return what the MLflow model in a folder answers to the bytes of files."""
    import pandas as pd

    with _restore_path():  # to which MLflow adds the code in the folder
        classifier = import_mlflow().pyfunc.load_model(str(folder))
        table = classifier.predict(pd.DataFrame({"image": golden.encoded}))
    return ask_table(table, class_names)


def ask_onnx(path: Path, model: KerasModel, golden: GoldenImages) -> Outputs:
    """Return what `model` answers to pixels once it has been written to an ONNX file."""
    export_onnx(model, path)
    return Outputs(predict_onnx(path, golden.pixels))


@contextmanager
def _restore_path() -> Iterator[None]:
    before = sys.path
    try:
        yield
    finally:
        sys.path = before
