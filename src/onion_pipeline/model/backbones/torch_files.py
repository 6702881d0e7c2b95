"""Tensors from a file of PyTorch, read without PyTorch and without trust.

Such a file is a pickle, and a pickle can name any function to be called. So the file is compared
with a checksum, where one is known, and is then read as plain data: nothing in it is called,
whatever it names.
"""

import hashlib
import io
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.errors import WeightsError
from onion_pipeline.model.backbones.plain_pickles import Makers, read_pickle

# How files begin that `torch.save` wrote before PyTorch 1.6.
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
NEWER = b"PK"  # how newer ones begin: they are ZIP archives
TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
COUNT_BYTES = 8  # before each storage, how many numbers it has
# What reading raises for content that no such file has.
FAULTS = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype[Any]
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path, sha256: str | None = None) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file that ``torch.save`` wrote in its format before PyTorch 1.6.

    Args:
        path: of the file.
        sha256: its checksum, in hexadecimal; nothing of another file is read. ``None`` for a
            file of the user's, whose checksum nobody knows.

    Returns:
        float32 or int64 arrays by name, in the layouts of PyTorch.

    Raises:
        WeightsError: the file cannot be read, is not the one that is meant, or holds something
            else than tensors.
    """
    content = read_content(path)
    if sha256 is not None:
        check_content(path, content, sha256)
    try:
        return _parse_tensors(content)
    except FAULTS as error:
        why = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise WeightsError(
            f"{path} is no file of tensors that can be read: {why[:200]}."
        ) from error


def read_content(path: Path) -> bytes:
    """Return what is in a file of weights.

    Raises:
        WeightsError: it cannot be read; says why.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error


def check_content(path: Path, content: bytes, sha256: str) -> None:
    """Compare a file with its checksum.

    Raises:
        WeightsError: it is another one; says what was found.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{path} is not the file of weights that is expected: it has {len(content)} bytes and "
            f"the SHA-256 {found[:16]}..., expected is {sha256[:16]}.... It is damaged, cut off or "
            "another one, and nothing of it was read."
        )


def _parse_tensors(content: bytes) -> dict[str, NDArray[Any]]:
    if content.startswith(NEWER):
        raise ValueError(
            "it has the format of PyTorch 1.6 and later; save the tensors with torch.save("
            "network.state_dict(), path, _use_new_zipfile_serialization=False)"
        )
    file = io.BytesIO(content)
    if (_read(file), _read(file)) != (MAGIC, PROTOCOL):
        raise ValueError("torch.save has not written it")
    if not _read(file)["little_endian"]:
        raise ValueError("its numbers are big-endian")
    tensors = _read(file)
    if type(tensors) is not dict or {type(tensor) for tensor in tensors.values()} != {_Tensor}:
        raise ValueError("it holds something else than tensors by name, as state_dict() has them")
    storages = _read_storages(file, {each.storage.key: each.storage for each in tensors.values()})
    if sum(prod(each.shape) for each in tensors.values()) > sum(map(len, storages.values())):
        raise ValueError("its tensors have more numbers than the file")
    return {name: _lay_out(each, storages[each.storage.key]) for name, each in tensors.items()}


def _read(file: io.BytesIO) -> Any:
    return read_pickle(file, MAKERS, _find_storage)


def _find_storage(reference: Any) -> _Storage:
    word, kind, key, _, size, view = reference
    known = word == "storage" and type(kind) is str and kind in TYPES
    if not known or type(key) is not str or not _are_counts((size,)) or view is not None:
        raise ValueError("it refers to something else than numbers behind the tensors")
    return _Storage(key, TYPES[kind], size)


def _make_mapping() -> dict[str, Any]:
    """Return an empty one; what is in it, the pickle adds."""
    return {}


def _make_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    """Return a tensor that is described soundly, but may still reach beyond its storage."""
    sound = type(storage) is _Storage and type(shape) is tuple and type(strides) is tuple
    if not sound or len(shape) != len(strides) or not _are_counts((offset, *shape, *strides)):
        raise ValueError("it has a tensor without a place, or with negative sides")
    return _Tensor(storage, offset, shape, strides)


def _are_counts(values: tuple[Any, ...]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


MAKERS: Makers = {
    ("collections", "OrderedDict"): _make_mapping,
    ("torch._utils", "_rebuild_tensor_v2"): _make_tensor,
    ("torch", "FloatStorage"): "FloatStorage",
    ("torch", "LongStorage"): "LongStorage",
}


def _read_storages(file: io.BytesIO, known: dict[str, _Storage]) -> dict[str, NDArray[Any]]:
    """Return the numbers behind the tensors, by the keys of their storages."""
    keys = _read(file)
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise ValueError("it lists no storages")
    storages = {}
    for key in keys:
        storage = known[key]
        count = int.from_bytes(file.read(COUNT_BYTES), "little")
        size = count * storage.dtype.itemsize
        if count != storage.size or size > file.getbuffer().nbytes - file.tell():
            raise ValueError(f"it is cut off or damaged: storage {key[:20]} is not all there")
        numbers = file.read(size)
        storages[key] = np.frombuffer(numbers, storage.dtype)
    return storages


def _lay_out(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    """Return a tensor in its order: the strides may be those of a permuted one."""
    reach = sum((side - 1) * step for side, step in zip(tensor.shape, tensor.strides, strict=True))
    if 0 in tensor.shape or tensor.offset + reach >= len(storage):
        raise ValueError("a tensor reaches beyond its storage")
    strides = [step * storage.itemsize for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides)
    return view.copy()
