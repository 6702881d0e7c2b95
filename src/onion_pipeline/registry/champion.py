"""The present champion, taken out of the registry to answer for itself."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.images.loading import decode_images
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.registry.evidence import read_seen_images
from onion_pipeline.registry.logged_models import require_files
from onion_pipeline.registry.package import find_content
from onion_pipeline.serving.config import ServingConfig
from onion_pipeline.serving.content import read_content

if TYPE_CHECKING:
    from mlflow import MlflowClient

UNREADABLE = -1  # in place of a class id


class Champion(NamedTuple):
    """A registered model.

    Args:
        version: its number.
        model: the network.
        config: class names and preprocessing.
        seen: which images it was trained and validated on, see
            :func:`~onion_pipeline.registry.evidence.pack_images`; ``None`` for a version that was
            registered before this was noted.
    """

    version: str
    model: KerasModel
    config: ServingConfig
    seen: NDArray[np.uint64] | None


class HeldOutImages(NamedTuple):
    """The test images of a challenger: what they are, how it sees them and what it says.

    Args:
        files: columns ``path``, ``sha256``, ``label``, ``predicted``; N rows.
        images: uint8, (N, H, W, C), in the same order.
        config: class names, and how these were decoded.
        source: where the files are.
    """

    files: DataFrame
    images: NDArray[np.uint8]
    config: ServingConfig
    source: ImageSource


def load_champion(client: "MlflowClient", name: str, version: str) -> Champion:
    """Return a version of a registered model, without running the code that it carries.

    Raises:
        RegistryError: its files are gone, damaged or not of this project.
    """
    from mlflow.artifacts import download_artifacts

    require_files(client, name, version)
    with tempfile.TemporaryDirectory() as folder:
        package = Path(download_artifacts(f"models:/{name}/{version}", dst_path=folder))
        return Champion(version, *read_content(find_content(package)), read_seen_images(package))


def answer_images(
    champion: Champion, held_out: HeldOutImages, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Let a champion name the class of some images, decoded in its own way.

    Args:
        champion: knows the same classes, perhaps in another order.
        held_out: N images.
        rows: M of these.

    Returns:
        int64, (M,), ids of the classes of `held_out`; :data:`UNREADABLE` where a file is no longer
        what or where it was.
    """
    names, config = list(held_out.config.class_names), champion.config
    ids = np.array([names.index(name) for name in config.class_names])
    if (config.image_shape, config.rendering) == (
        held_out.config.image_shape,
        held_out.config.rendering,
    ):
        return ids[predict_probabilities(champion.model, held_out.images)[rows].argmax(axis=1)]
    listed = held_out.files["path"].iloc[rows].isin(held_out.source.paths).to_numpy()
    positions, answers = np.flatnonzero(listed), np.full(len(rows), UNREADABLE)
    files = held_out.files.iloc[rows[positions]].assign(reason=None)
    for piece in decode_images(held_out.source, files, config.image_shape, config.rendering).pieces:
        if len(piece):
            named = predict_probabilities(champion.model, piece["image"]).argmax(axis=1)
            answers[positions[piece["index"]]] = ids[named]
    return answers
