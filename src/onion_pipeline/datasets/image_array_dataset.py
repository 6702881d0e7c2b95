"""``ImageArrayDataset`` saves and memory-maps arrays of images as ``.npy`` files."""

import base64
import io
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import ImagePreview
from numpy.typing import NDArray

from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.drawing.canvas import tile_images
from onion_pipeline.images.arrays import ArrayChunks
from onion_pipeline.storage import disk, seals

logger = logging.getLogger(__name__)

PREVIEW_IMAGES = 50
PREVIEW_COLUMNS = 10
PREVIEW_WIDTH = 600


class ImageArrayDataset(Sealed, AbstractDataset[NDArray[Any] | ArrayChunks, NDArray[Any]]):
    """``ImageArrayDataset`` saves images as a NumPy file and loads them as a memory map.

    The array is either plain, uint8 (N, H, W, C), or structured with such a field named
    ``image`` (see :func:`onion_pipeline.images.arrays.labelled_dtype`). Loading takes no
    memory for pixels that are not looked at, and saving none for those of an
    :class:`~onion_pipeline.images.arrays.ArrayChunks`, which are made while they are written.
    A file appears whole or not at all, and is checked before it is read. One that is still
    whole, and has in its seal the origin of the array, is not made again. A temporary one is
    always made, and removed after the last node that needs it::

        train_images:
          type: onion_pipeline.datasets.ImageArrayDataset
          filepath: data/05_model_input/train_images.npy

    Args:
        filepath: Path of a ``.npy`` file on a local disk, since it is memory-mapped.
        temporary: Whether the file goes when the run has no more need of it.
        metadata: Ignored by Kedro, and read by plugins such as Kedro-Viz.
    """

    def __init__(
        self, *, filepath: str, temporary: bool = False, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self._temporary = temporary
        self.metadata = metadata

    def load(self) -> NDArray[Any]:
        """Return the array as a read-only memory map."""
        seals.check_seal(self._filepath)
        return np.load(self._filepath, mmap_mode="r", allow_pickle=False)

    def save(self, data: NDArray[Any] | ArrayChunks) -> None:
        """Write the array to a temporary file and rename it, unless the same is there."""
        if not isinstance(data, ArrayChunks):
            with seals.write_sealed(self._filepath) as path:
                np.save(path, data, allow_pickle=False)
        elif data.origin and self._find_origin() == data.origin and not self._temporary:
            logger.info("%s was made of the same before and is kept", self._filepath.name)
        else:
            disk.check_room(self._filepath, data.measure(), "it")
            with seals.write_sealed(self._filepath) as path:
                count = _write_chunks(path, data)
            if data.origin and count == data.rows:
                seals.amend_seal(self._filepath, array_origin=data.origin)

    def preview(self) -> ImagePreview:
        """Return fifty of the images, evenly spaced, as one PNG in base64."""
        data = self.load()
        images = data["image"] if data.dtype.names else data
        rows = np.linspace(0, len(images) - 1, min(PREVIEW_IMAGES, len(images))).round()
        chosen = np.asarray(images[rows.astype(int)])
        scale = max(1, PREVIEW_WIDTH // (PREVIEW_COLUMNS * chosen.shape[2]))
        encoded = io.BytesIO()
        tile_images(chosen, PREVIEW_COLUMNS, scale).save(encoded, format="PNG")
        return ImagePreview(base64.b64encode(encoded.getvalue()).decode())

    def _find_origin(self) -> str | None:
        """Return the origin of what the file was made of, if the file is whole."""
        seal = seals.read_seal(self._filepath)
        return seal.array_origin if seal and seals.is_whole(self._filepath) else None

    def _release(self) -> None:
        if self._temporary:
            with suppress(OSError):  # Windows removes no file that is still mapped
                self._filepath.unlink(missing_ok=True)
                seals.locate_seal(self._filepath).unlink(missing_ok=True)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


def _write_chunks(path: Path, data: ArrayChunks) -> int:
    header = {"descr": np.lib.format.dtype_to_descr(data.dtype), "fortran_order": False}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header | {"shape": (0, *data.shape)})
        count = 0
        for piece in data.pieces:
            file.write(np.ascontiguousarray(piece, data.dtype).data)
            count += len(piece)
        file.seek(0)
        # Of the same length: NumPy leaves room for the count.
        np.lib.format.write_array_header_1_0(file, header | {"shape": (count, *data.shape)})
    return count
