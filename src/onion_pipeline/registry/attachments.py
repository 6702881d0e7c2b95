"""What a version in the registry carries beside its model: tags, a description and files."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Series
from onion_pipeline.errors import RegistryError
from onion_pipeline.images.arrays import make_keys

FOLDER = "attachments"
MODEL_CARD = "model_card.md"
PROMOTION = "promotion.json"
SEEN_IMAGES = "seen_images.npy"


@dataclass(frozen=True)
class Attachments:
    """What one may want to know of a version; its answers do not depend on any of it.

    Args:
        tags: short texts, by which versions can be searched.
        description: Markdown, which the MLflow UI shows with the version.
        files: by their names in the folder ``attachments`` of the model.
        package: the checksum of the package that was found to answer as the tested model does, see
            :func:`~onion_pipeline.registry.package.hash_package`; what is uploaded must have it.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    package: str | None = None


def write_files(package: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` into the folder of a model."""
    for name, content in files.items():
        path = package / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def pack_images(checksums: Series) -> bytes:
    """Return a NumPy file that says which images these are: uint64 (N,), sorted.

    Args:
        checksums: the SHA-256 of each file, in hexadecimal; their first 64 bits are kept.
    """
    file = io.BytesIO()
    np.save(file, np.unique(make_keys(checksums)), allow_pickle=False)
    return file.getvalue()


def read_seen_images(package: Path) -> NDArray[np.uint64]:
    """Return which images a model has been trained and validated on.

    Raises:
        RegistryError: it does not say so.
    """
    try:
        return np.load(package / FOLDER / SEEN_IMAGES, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise RegistryError(f"it does not say which images it has seen: {error}") from error
