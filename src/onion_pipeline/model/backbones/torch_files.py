"""Tensors from a file of PyTorch, read without PyTorch and without trust.

Such a file is a pickle, and a pickle can name any function to be called. So the file is compared
with a checksum that is known before, and is then unpickled by a reader that knows the four names
that tensors need, none of which does what its name says.
"""

import hashlib
import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.errors import WeightsError

# How files begin that `torch.save` wrote before PyTorch 1.6.
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
HEADERS = 3  # the number above, that of the protocol, and facts of the machine
TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype[Any]
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path, sha256: str) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file that ``torch.save`` wrote in its format before PyTorch 1.6.

    Args:
        path: of the file.
        sha256: its checksum, in hexadecimal; nothing of another file is read.

    Returns:
        float32 or int64 arrays by name, in the layouts of PyTorch.

    Raises:
        WeightsError: the file is not the one that is meant; tells what was found.
        pickle.UnpicklingError: the checksum is right, and the file names what no tensor needs.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{path} is not the file of weights that is expected: it has {len(content)} bytes and "
            f"the SHA-256 {found[:16]}..., expected is {sha256[:16]}.... It is damaged, cut off or "
            "another one, and nothing of it was read."
        )
    return unpickle_tensors(content)


def unpickle_tensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors in the content of such a file; see :func:`read_tensors`."""
    file = io.BytesIO(content)
    magic, protocol, _ = (_TensorUnpickler(file).load() for _ in range(HEADERS))
    if (magic, protocol) != (MAGIC, PROTOCOL):
        raise pickle.UnpicklingError("this is no file of torch.save before PyTorch 1.6")
    tensors = _TensorUnpickler(file).load()
    sizes = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    storages = {}
    for key in _TensorUnpickler(file).load():
        storage = sizes[key]
        count = int.from_bytes(file.read(8), "little")
        if count != storage.size:
            raise pickle.UnpicklingError(f"storage {key} has {count} numbers, not {storage.size}")
        storages[key] = np.frombuffer(file.read(count * storage.dtype.itemsize), storage.dtype)
    return {
        name: _lay_out(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()
    }


class _TensorUnpickler(pickle.Unpickler):
    """Unpickles descriptions of tensors; any other name in the file is refused."""

    names: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: _Tensor(
            storage, offset, shape, strides
        ),
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"{module}.{name} is nothing that tensors are made of")
        return self.names[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, _, size, *_ = pid
        return _Storage(key, TYPES[kind], size)


def _lay_out(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    """Return a tensor in its order: the strides may be those of a permuted one."""
    end = (
        tensor.offset
        + 1
        + sum(
            (side - 1) * stride for side, stride in zip(tensor.shape, tensor.strides, strict=True)
        )
    )
    if not 0 <= tensor.offset < end <= len(storage) or min(tensor.strides, default=0) < 0:
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides)
    return np.ascontiguousarray(view)
