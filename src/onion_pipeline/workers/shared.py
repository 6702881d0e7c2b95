"""Arrays that several processes of one machine see."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class SharedArray(NamedTuple):
    """Where an array is that any process can open; small enough to send along with a job.

    Its first byte is number `offset` of the file at `path`.
    """

    path: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int = 0

    def open(self, mode: str = "r+") -> NDArray[Any]:
        """Return the array; the same bytes in each process, unless `mode` is ``r``, to write to."""
        return np.memmap(self.path, self.dtype, mode, self.offset, self.shape)  # type: ignore[call-overload]


@contextmanager
def create_shared(dtype: np.dtype[Any], shape: tuple[int, ...]) -> Iterator[SharedArray]:
    """Yield an array of zeros in memory, for this block.

    On Linux nothing is left of it when the processes have ended, however they ended: other
    processes open it through the file descriptor of this one. Elsewhere it is a temporary file.
    """
    size = max(1, int(np.prod(shape)) * dtype.itemsize)
    if hasattr(os, "memfd_create"):
        descriptor, path = os.memfd_create("onion_pipeline"), None
        name = f"/proc/{os.getpid()}/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(prefix="onion_pipeline-")
        name = path
    try:
        os.ftruncate(descriptor, size)
        yield SharedArray(name, dtype, shape)
    finally:
        os.close(descriptor)
        if path:
            with suppress(OSError):
                Path(path).unlink()


@contextmanager
def share_array(array: NDArray[Any]) -> Iterator[SharedArray]:
    """Yield what opens `array` in other processes, for this block: its file, or a copy."""
    if isinstance(array, np.memmap) and isinstance(array.base, mmap):  # and no part of one
        yield SharedArray(str(array.filename), array.dtype, array.shape, array.offset)
        return
    with create_shared(array.dtype, array.shape) as shared:
        shared.open()[...] = array
        yield shared
