"""From the files of a source to pixels: read, compared with the index, decoded."""

import hashlib
from contextlib import suppress
from functools import partial

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import OnionError
from onion_pipeline.images import arrays
from onion_pipeline.images.decoding.decoder import RejectedImageError, Rendering, decode_image
from onion_pipeline.images.decoding.opening import MAX_BYTES
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.origin import DECODING, hash_origin
from onion_pipeline.workers.parallel import map_chunks

Shape = tuple[int, int, int]
# Files that are read together: their source, their rows in the index, and their keys.
Chunk = tuple[ImageSource, NDArray[np.int64], NDArray[np.uint64]]


def read_file(source: ImageSource, path: str) -> bytes:
    """Return the bytes of one file.

    Raises:
        RejectedImageError: it cannot be read, or is larger than 768 MiB.
    """
    try:
        size = source.measure(path)
        if size > MAX_BYTES:  # not read: an archive's member may inflate to any size
            raise RejectedImageError("too_many_bytes", f"{size} bytes, {MAX_BYTES} allowed")
        return source.read(path)
    except (RejectedImageError, OnionError, MemoryError):
        raise
    except Exception as error:  # whatever a file system or an archive raises costs this file alone
        raise RejectedImageError("unreadable", f"{type(error).__name__}: {error}") from error


def decode_images(
    source: ImageSource, index: DataFrame, shape: Shape, rendering: Rendering
) -> arrays.ArrayChunks:
    """Return the pixels of the files that `index` does not refuse, made as they are saved.

    A file that turns out to be damaged, or is not what was indexed, has no row in the result;
    :func:`~onion_pipeline.images.quarantine.list_quarantined` says why.

    Returns:
        Rows of :func:`~onion_pipeline.images.arrays.decoded_dtype`, in the order of the index.
    """
    readable = index[index["reason"].isna()]
    rows = np.flatnonzero(index["reason"].isna())
    keys = arrays.make_keys(readable["sha256"])
    dtype = arrays.decoded_dtype(shape)
    step = arrays.count_rows(dtype)
    parts = [slice(start, start + step) for start in range(0, len(rows), step)]
    paths = readable["path"].tolist()
    chunks = [(source.select(paths[part]), rows[part], keys[part]) for part in parts]
    decode_chunk = partial(_decode_chunk, shape=shape, rendering=rendering)
    pieces = map_chunks(decode_chunk, chunks, title="decode images")
    origin = hash_origin("decoded images", DECODING, keys, rows, shape, rendering)
    return arrays.ArrayChunks(dtype, (), pieces, origin, len(rows))


def read_indexed_file(source: ImageSource, path: str, key: int) -> bytes:
    """Return the bytes of one file that is as it was indexed.

    Its `key` is then that of :func:`~onion_pipeline.images.arrays.make_keys`.

    Raises:
        RejectedImageError: it cannot be read, or has changed since.
    """
    data = read_file(source, path)
    if hashlib.sha256(data).digest()[:8] != key.to_bytes(8):
        raise RejectedImageError("changed", "the file is not what it was when it was indexed")
    return data


def _decode_chunk(chunk: Chunk, shape: Shape, rendering: Rendering) -> arrays.DecodedImages:
    source, rows, keys = chunk
    decoded = np.zeros(len(rows), arrays.decoded_dtype(shape))
    images = decoded["image"]
    kept: list[int] = []
    for number, (path, key) in enumerate(zip(source.paths, keys.tolist(), strict=True)):
        with suppress(RejectedImageError):  # told in the quarantine
            data = read_indexed_file(source, path, key)
            images[len(kept)] = decode_image(data, shape, rendering)
            kept.append(number)
    decoded = decoded[: len(kept)]
    decoded["index"], decoded["key"] = rows[kept], keys[kept]
    return decoded
