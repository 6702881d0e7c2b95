"""With which numbers a network computes while it learns."""

from pathlib import Path
from typing import Any

from onion_pipeline.annotations import KerasModel, Precision
from onion_pipeline.model.backend import import_keras

PROCESSOR = Path("/proc/cpuinfo")
# What multiplies bfloat16 in the processor; elsewhere it is emulated, and slower than float32.
MULTIPLIES_BFLOAT16 = {"amx_bf16", "avx512_bf16"}
AMPERE = (8, 0)  # the first graphics processors with tensor cores for bfloat16


def choose_precision(wanted: Precision, model: KerasModel) -> str:
    """Return the Keras dtype policy for `wanted`.

    ``auto`` is ``mixed_bfloat16`` where the hardware multiplies such numbers, and ``float32``
    elsewhere and for networks with batch normalisation, one of which has been seen to diverge.
    """
    if wanted != "auto":
        return wanted
    fast = not has_batch_statistics(model) and multiplies_bfloat16()
    return "mixed_bfloat16" if fast else "float32"


def has_batch_statistics(model: KerasModel) -> bool:
    """Return whether what `model` says of a picture depends, in training, on its batch."""
    normalization = import_keras().layers.BatchNormalization
    return any(isinstance(layer, normalization) and layer.trainable for layer in model.layers)


def multiplies_bfloat16() -> bool:
    """Return whether the device of the training multiplies bfloat16 numbers by itself."""
    devices = list_gpus()
    if devices:
        return all(device.get("compute_capability", (0, 0)) >= AMPERE for device in devices)
    return not MULTIPLIES_BFLOAT16.isdisjoint(read_processor("flags").split())


def list_gpus() -> list[dict[str, Any]]:
    """Return what TensorFlow knows of each graphics processor that it can use."""
    import_keras()
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(device) for device in devices]


def read_processor(entry: str) -> str:
    """Return what Linux lists of the first processor, as its ``flags``; elsewhere nothing."""
    lines = PROCESSOR.read_text().splitlines() if PROCESSOR.is_file() else []
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(entry))
    return next(found, "")
