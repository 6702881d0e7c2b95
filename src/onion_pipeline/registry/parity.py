"""Whether a model answers alike along every road: tested, saved, packaged, and as ONNX.

Each stage is compared with the Keras model on the decoded test images. Where one differs, what is
shipped is not what was tested: pictures are decoded otherwise, the classes stand in another order,
weights did not survive. That blocks the registration.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.errors import ParityError
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.images.decoding.decoder import RejectedImageError, decode_image
from onion_pipeline.model.backend import allow_retracing
from onion_pipeline.registry.golden_images import GoldenImages
from onion_pipeline.registry.package import find_content, hash_package, write_package
from onion_pipeline.registry.roads import Answers, ask_file, ask_onnx, ask_package, ask_table
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.content import WEIGHTS
from onion_pipeline.serving.onnx_export import can_export
from onion_pipeline.tracking.runs import import_mlflow
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


def measure_parity(
    model: KerasModel, config: ServingConfig, golden: GoldenImages, tested: DataFrame
) -> dict[str, Any]:
    """Compare what `model` answers along every road.

    Args:
        model: the tested network.
        config: how it is served.
        golden: pictures to compare it on.
        tested: the predictions for all test images, see
            :func:`~onion_pipeline.evaluation.predictions.tabulate_predictions`.

    Returns:
        ``passed``; ``images``, how many; ``package``, the checksum of the package that was asked,
        see :func:`~onion_pipeline.registry.package.hash_package`; and ``stages``, for each the
        ``largest_difference`` of probabilities (of ``decoding``: of levels in [0, 255]), the
        ``tolerance``, how many labels are ``different_labels``, whether it has ``passed``, and
        the ``picture`` that differs most, with what was ``expected`` and ``found``.
    """
    with allow_retracing(), tempfile.TemporaryDirectory() as made:
        expected = predict_probabilities(model, golden.pixels)
        package = _write_package(Path(made) / "model", model, config)
        checksum = hash_package(package)
        roads = {
            "test_predictions": ask_table(tested.iloc[golden.rows], config.class_names),
            "saved_file": ask_file(find_content(package) / WEIGHTS, golden),
            "package": ask_package(package, golden, config.class_names),
        }
        if can_export():
            roads["onnx"] = ask_onnx(Path(made) / "model.onnx", model, golden)
    stages = [
        _compare_pixels(golden, config),
        *(_compare(stage, expected, roads[stage], golden, config) for stage in roads),
    ]
    passed = all(stage["passed"] for stage in stages)
    return {"passed": passed, "images": len(expected), "package": checksum, "stages": stages}


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


def choose_tolerance() -> float:
    """Return by how much probabilities may differ on the devices of this machine."""
    return GPU_TOLERANCE if list_gpus() else TOLERANCE


def _write_package(folder: Path, model: KerasModel, config: ServingConfig) -> Path:
    described = import_mlflow().models.Model()
    write_package(folder, model, config, described)
    return folder


def _compare_pixels(golden: GoldenImages, config: ServingConfig) -> dict[str, Any]:
    """Compare the pixels that were tested with those that the files give in serving."""
    decoded = [_decode(data, config) for data in golden.encoded]
    differences = [
        WHITE if isinstance(found, str) else int(np.abs(pixels.astype(int) - found).max())
        for pixels, found in zip(golden.pixels, decoded, strict=True)
    ]
    worst = int(np.argmax(differences))
    return {
        "stage": "decoding",
        "largest_difference": differences[worst],
        "tolerance": 0,
        "different_labels": 0,
        "passed": differences[worst] == 0,
        "picture": golden.paths[worst],
        "expected": _describe_pixels(golden.pixels[worst]),
        "found": _describe_pixels(decoded[worst]),
    }


def _decode(data: bytes, config: ServingConfig) -> NDArray[np.uint8] | str:
    try:
        return decode_image(data, config.image_shape, config.rendering)
    except RejectedImageError as error:
        return str(error)


def _compare(
    stage: str,
    expected: NDArray[np.float32],
    found: Answers,
    golden: GoldenImages,
    config: ServingConfig,
) -> dict[str, Any]:
    # No answer differs from any by as much as two answers can.
    differences = np.nan_to_num(np.abs(expected - found.probabilities), nan=1.0).max(axis=1)
    worst, tolerance = int(differences.argmax()), choose_tolerance()
    labels = expected.argmax(axis=1) != found.probabilities.argmax(axis=1)
    return {
        "stage": stage,
        "largest_difference": float(differences[worst]),
        "tolerance": tolerance,
        "different_labels": int(labels.sum()),
        "passed": bool(differences[worst] <= tolerance),
        "picture": golden.paths[worst],
        "expected": _describe(expected[worst], config.class_names),
        "found": found.errors[worst] or _describe(found.probabilities[worst], config.class_names),
    }


def _describe(probabilities: NDArray[np.floating[Any]], class_names: Sequence[str]) -> str:
    """Return for example ``onion (0.981234)``."""
    if np.isnan(probabilities).any():
        return "no probability for every class"
    likeliest = int(probabilities.argmax())
    return f"{class_names[likeliest]} ({probabilities[likeliest]:.6f})"


def _describe_pixels(pixels: NDArray[np.uint8] | str) -> str:
    return pixels if isinstance(pixels, str) else f"pixels of mean level {pixels.mean():.3f}"
