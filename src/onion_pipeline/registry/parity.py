"""Whether a model answers alike in every runtime: Keras, from its file; pyfunc; ONNX.

Each stage is compared with the Keras model on the decoded test images. Where one differs, what is
shipped is not what was tested: pictures are decoded otherwise, the classes stand in another order,
weights did not survive. That blocks the registration.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import ParityError
from onion_pipeline.evaluation.predictions import PROBABILITY
from onion_pipeline.images.decoding.decoder import RejectedImageError
from onion_pipeline.model.backend import allow_retracing
from onion_pipeline.registry.golden_images import GoldenImages
from onion_pipeline.registry.package import hash_package, read_classifier, write_package
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.onnx_export import can_export, export_onnx, predict_onnx
from onion_pipeline.tracking.mlflow_client import import_mlflow
from onion_pipeline.training.precision import list_gpus

# Of probabilities in float32: sums in another order differ by some 1e-7.
TOLERANCE = 1e-5
# Graphics processors round what they multiply to 10 bits (TensorFloat-32), and choose by the size
# of a batch how they do it.
GPU_TOLERANCE = 5e-3
WHITE = 255  # the largest difference of two levels

REMEDIES = {
    "decoding": "Its file no longer becomes the pixels that the network was tested with. Give "
    "ingest.resize, ingest.background and ingest.animation the values they had, or make all anew: "
    "kedro run",
    "test_predictions": "The test was of another model, or of classes in another order. Test this "
    "one: kedro run --pipelines evaluate,register",
    "saved_file": "The .keras file holds another network than was written to it: look at the "
    "disk, and for a layer whose state Keras does not save.",
    "package": "Look at what serves the model: the classes and the preprocessing in serving.json, "
    "the weights beside it, serving/classifier.py.",
    "onnx": "tf2onnx or onnxruntime computes a layer otherwise: try another version of them, or "
    "do without the extra 'onnx', and this stage is left out.",
}


class Outputs(NamedTuple):
    """What comes out of one runtime.

    Args:
        probabilities: float, (G, K); NaN where there is none.
        errors: for each of G pictures why there is none, else empty; ``None``: of none.
    """

    probabilities: NDArray[np.floating[Any]]
    errors: Sequence[str] | None = None


def measure_parity(
    classifier: Classifier, golden: GoldenImages, tested: DataFrame
) -> dict[str, Any]:
    """Compare what a model answers in every runtime, and has answered for all test images.

    For those answers, `tested`, see
    :func:`~onion_pipeline.evaluation.predictions.tabulate_predictions`.

    Returns:
        ``passed``; ``images``, how many; ``package``, the checksum of the package that was asked,
        see :func:`~onion_pipeline.registry.package.hash_package`; and ``stages``, for each the
        ``largest_difference`` of probabilities (of ``decoding``: of levels in [0, 255]), the
        ``tolerance``, how many labels are ``different_labels``, whether it has ``passed``, and
        the ``picture`` that differs most, with what was ``expected`` and ``found``.
    """
    names = classifier.config.class_names
    with allow_retracing(), tempfile.TemporaryDirectory() as made:
        expected = Outputs(classifier.predict(golden.pixels))
        package = Path(made) / "model"
        write_package(package, classifier, import_mlflow().models.Model())
        checksum = hash_package(package)
        found = {
            "test_predictions": _read_table(tested.iloc[golden.rows], names),
            "saved_file": Outputs(read_classifier(package).predict(golden.pixels)),
            "package": _read_table(_ask_package(package, golden), names),
        }
        if can_export():
            path = Path(made) / "model.onnx"
            export_onnx(classifier.model, path)
            found["onnx"] = Outputs(predict_onnx(path, golden.pixels))
    stages = [
        _compare_pixels(golden, classifier),
        *(_compare_answers(stage, golden, expected, found[stage], names) for stage in found),
    ]
    passed = all(stage["passed"] for stage in stages)
    return {"passed": passed, "images": len(golden.rows), "package": checksum, "stages": stages}


def require_parity(report: dict[str, Any]) -> None:
    """Go on only with a model that has passed all stages of its `report`.

    Raises:
        ParityError: names the first stage that has failed, and the picture that differs most.
    """
    failed = [stage for stage in report["stages"] if not stage["passed"]]
    if not failed:
        return
    first, *others = failed
    further = f" It differs too at {', '.join(each['stage'] for each in others)}." if others else ""
    raise ParityError(
        f"The model is not registered, since it does not answer alike everywhere. At the stage "
        f"{first['stage']}, the largest difference is {first['largest_difference']:.3g}, and "
        f"{first['tolerance']:.3g} is allowed: {first['picture']} gives {first['found']} instead "
        f"of {first['expected']}.{further} {REMEDIES[first['stage']]}",
        dataset="parity_report",
    )


def _ask_package(folder: Path, golden: GoldenImages) -> DataFrame:
    """Return what the MLflow model in a folder answers to the bytes of files."""
    import pandas as pd

    before = sys.path  # to which MLflow adds the code in the folder
    try:
        classifier = import_mlflow().pyfunc.load_model(str(folder))
        return classifier.predict(pd.DataFrame({"image": golden.encoded}))
    finally:
        sys.path = before


def _read_table(table: DataFrame, class_names: Sequence[str]) -> Outputs:
    """Return what a table says that has a row per picture and, in any order, a column per class."""
    columns = [f"{PROBABILITY}{name}" for name in class_names]
    errors = table["error"].tolist() if "error" in table else None
    return Outputs(table.reindex(columns=columns).to_numpy(np.float64), errors)


def _compare_pixels(golden: GoldenImages, classifier: Classifier) -> dict[str, Any]:
    """Compare the pixels that were tested with those that the files give in serving."""
    decoded = [_decode(data, classifier) for data in golden.encoded]
    differences = [
        WHITE if isinstance(found, str) else np.abs(pixels.astype(int) - found).max()
        for pixels, found in zip(golden.pixels, decoded, strict=True)
    ]
    worst = int(np.argmax(differences))
    return _judge("decoding", golden, np.array(differences), 0) | {
        "expected": _describe_pixels(golden.pixels[worst]),
        "found": _describe_pixels(decoded[worst]),
    }


def _decode(data: bytes, classifier: Classifier) -> NDArray[np.uint8] | str:
    try:
        return classifier.decode(data)
    except RejectedImageError as error:
        return str(error)


def _compare_answers(
    stage: str, golden: GoldenImages, expected: Outputs, found: Outputs, names: Sequence[str]
) -> dict[str, Any]:
    # No answer differs from any by as much as two answers can.
    differences = np.abs(expected.probabilities - found.probabilities)
    differences = np.nan_to_num(differences, nan=1.0).max(axis=1)
    worst = int(differences.argmax())
    labels, others = (each.probabilities.argmax(axis=1) for each in (expected, found))
    tolerance = GPU_TOLERANCE if list_gpus() else TOLERANCE
    return _judge(stage, golden, differences, tolerance) | {
        "different_labels": int((labels != others).sum()),
        "expected": _describe(expected, worst, names),
        "found": _describe(found, worst, names),
    }


def _judge(
    stage: str, golden: GoldenImages, differences: NDArray[Any], tolerance: float
) -> dict[str, Any]:
    largest = differences.max().item()
    return {
        "stage": stage,
        "largest_difference": largest,
        "tolerance": tolerance,
        "different_labels": 0,
        "passed": largest <= tolerance,
        "picture": golden.paths[int(differences.argmax())],
    }


def _describe(outputs: Outputs, row: int, class_names: Sequence[str]) -> str:
    """Return for example ``onion (0.981234)``, or why there is no such answer."""
    probabilities = outputs.probabilities[row]
    if np.isnan(probabilities).any():
        error = outputs.errors[row] if outputs.errors else ""
        return error or "no probability for every class"
    likeliest = int(probabilities.argmax())
    return f"{class_names[likeliest]} ({probabilities[likeliest]:.6f})"


def _describe_pixels(pixels: NDArray[np.uint8] | str) -> str:
    return pixels if isinstance(pixels, str) else f"pixels of mean level {pixels.mean():.3f}"
