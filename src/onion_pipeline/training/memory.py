"""How much memory a training will take, and whether this machine has it: told before the start."""

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.errors import MemoryShortageError
from onion_pipeline.storage.disk import show_bytes
from onion_pipeline.training.precision import list_gpus

GROUPS, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
RANK = 4  # of a batch of pictures
UNLIMITED = 2**60  # what the first version of control groups has for no limit is above it
NUMBER_BYTES = {"float32": 4, "mixed_bfloat16": 2}
# Measured: what TensorFlow keeps for each layer of a compiled training.
LAYER_BYTES = 1.5e6
# Of each weight of four bytes: one of the training graph, of the best epoch and of a checkpoint;
# of one that is trained also its gradient and two moments of the optimiser.
COPIES, TRAINED_COPIES = 3, 3
# Layers whose gradient needs neither what arrived nor what left.
FORGETFUL = frozenset(
    {
        *("InputLayer", "Rescaling", "Resizing", "Add", "Concatenate", "ZeroPadding2D"),
        *("Flatten", "Reshape", "GlobalAveragePooling2D", "AveragePooling2D"),
    }
)


def check_memory(model: KerasModel, batch_size: int, precision: str) -> None:
    """Check that a training fits into the memory that is free on this machine.

    A process that takes more is killed without a word, after minutes or hours.

    Raises:
        MemoryShortageError: it does not; tells both numbers and what to lower.
    """
    if list_gpus():
        return  # whose memory is another one
    needed, free = estimate_memory(model, batch_size, precision), measure_free_memory()
    if needed > free:
        size = "x".join(map(str, model.input_shape[1:3]))
        given = f"pictures of {size} pixels" if len(model.input_shape) == RANK else "features"
        raise MemoryShortageError(
            f"Training this network on {batch_size} {given} at once "
            f"will take some {show_bytes(needed)} of memory, and {show_bytes(free)} are free. "
            "Lower train.batch_size or ingest.image_size, or let less of a pretrained network be "
            "trained (backbone.trainable: top, in build.layers)."
        )


def estimate_memory(model: KerasModel, batch_size: int, precision: str) -> int:
    """Return the bytes that a training will take at its peak, beside those of the process now.

    Measured peaks of pretrained networks and others lay within half as much or less.

    Args:
        model: as it will be trained, with what is frozen.
        batch_size: number of pictures in a step.
        precision: a Keras dtype policy.
    """
    layers = getattr(model, "operations", model.layers)  # sums between layers are operations
    number = NUMBER_BYTES[precision]
    kept = {id(tensor): tensor for tensor in _list_kept(layers)}
    held = sum(_count_numbers(tensor) for tensor in kept.values())
    largest = max(_count_numbers(layer.output) for layer in layers)  # and what is made of it
    trained = sum(prod(weights.shape) for weights in model.trainable_weights)
    copies = COPIES * model.count_params() + TRAINED_COPIES * trained
    activations = batch_size * number * (held + 2 * largest)
    return int(activations + NUMBER_BYTES["float32"] * copies + LAYER_BYTES * len(layers))


def measure_free_memory(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return the bytes that this process can still get, of the machine and of its container."""
    import psutil

    free = [psutil.virtual_memory().available, *_measure_groups(groups, membership)]
    return max(0, min(free))


def _list_kept(layers: list[Any]) -> Iterator[Any]:
    """Yield the tensors that wait for the gradient; in front of all that is trained, none does."""
    trained = [bool(getattr(layer, "trainable_weights", ())) for layer in layers]
    for layer in layers[trained.index(True) :] if any(trained) else ():
        kind = type(layer).__name__
        activation = getattr(layer, "activation", None)
        is_linear = activation is None or activation.__name__ == "linear"
        if getattr(layer, "trainable_weights", ()):
            yield from _list_inputs(layer)
            if not is_linear:
                yield layer.output
        elif not getattr(layer, "weights", ()) and kind not in FORGETFUL:
            yield layer.output
            if kind not in {"ReLU", "Activation", "Dropout", "SpatialDropout2D"}:
                yield from _list_inputs(layer)


def _list_inputs(layer: Any) -> list[Any]:
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]


def _count_numbers(tensor: Any) -> int:
    return prod(int(side) for side in tensor.shape[1:])


def _measure_groups(groups: Path, membership: Path) -> Iterator[int]:
    """Yield what is free in each control group that this process is in, if it has a limit."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # not on Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in {"", "memory"}:
            root = groups / controllers
            place = root / path.lstrip("/")
            for folder in [
                root,
                *(each for each in (place, *place.parents) if root in each.parents),
            ]:
                yield from _measure_group(folder, is_new=not controllers)


def _measure_group(folder: Path, *, is_new: bool) -> Iterator[int]:
    limit, usage, unused = (
        ("memory.max", "memory.current", "inactive_file")
        if is_new
        else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    )
    try:
        allowed, taken = (int((folder / name).read_text()) for name in (limit, usage))
        statistics = (folder / "memory.stat").read_text().split()
    except (OSError, ValueError):  # none of its own, or "max"
        return
    if allowed < UNLIMITED:
        # Files that were read once give way.
        counts = dict(zip(statistics[::2], statistics[1::2], strict=True))
        yield allowed - taken + int(counts.get(unused, 0))
