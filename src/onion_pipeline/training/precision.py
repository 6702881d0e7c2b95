"""With which numbers a network computes while it learns."""

from collections.abc import Iterator
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
    elsewhere, for networks with batch normalisation that learns, one of which has been seen to
    diverge, and on processors for those with depthwise convolutions, which are slower in bfloat16.

    Nothing is timed here: the precision decides the result, and what a busy machine measured could
    be otherwise when a training goes on, or is verified.
    """
    if wanted != "auto":
        return wanted
    if has_batch_statistics(model) or not multiplies_bfloat16():
        return "float32"
    # `python -m benchmarks.compare precision` with AVX512-BF16: in bfloat16 a step takes 2.3 times
    # as long with depthwise convolutions, 2.2 with separable and 0.58 with plain ones.
    return "float32" if has_depthwise(model) and not list_gpus() else "mixed_bfloat16"


def has_batch_statistics(model: KerasModel) -> bool:
    """Return whether what `model` says of a picture depends, in training, on its batch."""
    normalization = import_keras().layers.BatchNormalization
    # A frozen one uses the statistics that it has.
    return any(isinstance(x, normalization) and x.trainable for x in list_layers(model))


def has_depthwise(model: KerasModel) -> bool:
    """Return whether `model` scans channels one by one, as depthwise convolutions do."""
    layers = import_keras().layers
    kinds = layers.DepthwiseConv2D, layers.SeparableConv2D
    return any(isinstance(layer, kinds) for layer in list_layers(model))


def list_layers(model: KerasModel) -> Iterator[Any]:
    """Yield the layers of `model`, and those of networks among them."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, import_keras().Model):
            yield from list_layers(layer)


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
