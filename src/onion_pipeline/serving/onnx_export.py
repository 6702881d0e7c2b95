"""Models in the format of ONNX, for programs without TensorFlow; needs the extra ``onnx``."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.origin import find_versions

LIBRARIES = ("onnx", "onnxruntime", "tf2onnx")


def can_export() -> bool:
    """Return whether the libraries of the extra ``onnx`` are installed."""
    return len(find_versions(LIBRARIES)) == len(LIBRARIES)


def export_onnx(model: KerasModel, path: Path) -> None:
    """Write `model`, from uint8 (N, H, W, C) to float32 (N, K), as an ONNX file."""
    from tf2onnx.handler import tf_op

    # TensorFlow computes the activation gelu with it, and tf2onnx 1.17 does not know it.
    tf_op("Erfc").register_compat_handler(_convert_erfc, 9)  # ONNX has Erf since 9
    with warnings.catch_warnings():
        # Keras asks NumPy 2 for a name of NumPy 1, to mend tf2onnx.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        # Without the inputs, Keras exports only what has answered before.
        model.export(str(path), format="onnx", input_signature=model.inputs, verbose=False)


def predict_onnx(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities, float32 (N, K), that an ONNX file gives for `images`."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (name,) = (each.name for each in session.get_inputs())
    (probabilities,) = session.run(None, {name: np.ascontiguousarray(images)})
    return np.asarray(probabilities)


def _convert_erfc(graph: Any, node: Any, **options: Any) -> None:
    """Put 1 - erf(x) in the place of erfc(x) in a graph of tf2onnx."""
    shapes, dtypes = node.output_shapes, node.output_dtypes
    erf = graph.make_node("Erf", node.input, shapes=shapes, dtypes=dtypes)
    one = graph.make_const(f"{node.name}/one", np.array(1, np.float32))
    graph.remove_node(node.name)
    difference = [one.output[0], erf.output[0]]
    graph.make_node("Sub", difference, outputs=node.output, shapes=shapes, dtypes=dtypes)
