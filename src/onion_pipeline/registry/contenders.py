"""A champion and its challenger: what each is, and what it says of the challenger's test images."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame
from onion_pipeline.images.loading import decode_images
from onion_pipeline.images.sources import ImageSource
from onion_pipeline.serving.classifier import Classifier


class Champion(NamedTuple):
    """A registered model.

    Args:
        version: its number.
        classifier: as the registry has it.
        seen: which images it was trained and validated on, see
            :func:`~onion_pipeline.registry.attachments.pack_images`.
    """

    version: str
    classifier: Classifier
    seen: NDArray[np.uint64]


class Challenger(NamedTuple):
    """A model that is to be registered, and how it did in its test on N images.

    Args:
        classifier: as it is to be registered.
        files: columns ``path``, ``sha256``, ``label``, ``predicted``; N rows.
        images: uint8, (N, H, W, C), in the same order.
        source: where the files are.
        majority: the most frequent label in training; it settles ties in the test.
    """

    classifier: Classifier
    files: DataFrame
    images: NDArray[np.uint8]
    source: ImageSource
    majority: str


def answer_images(
    champion: Classifier, challenger: Challenger, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Let a champion name the class of some images, decoded in its own way.

    Args:
        champion: knows the same classes, perhaps in another order.
        challenger: has N test images.
        rows: M of these.

    Returns:
        int64, (M,), ids of the classes of `challenger`; -1 where a file is no longer what or
        where it was.
    """
    own, other = champion.config, challenger.classifier.config
    ids = np.array([list(other.class_names).index(name) for name in own.class_names])
    if (own.image_shape, own.rendering) == (other.image_shape, other.rendering):
        return ids[champion.predict(challenger.images)[rows].argmax(axis=1)]
    listed = challenger.files["path"].iloc[rows].isin(challenger.source.paths).to_numpy()
    positions, answers = np.flatnonzero(listed), np.full(len(rows), -1)
    files = challenger.files.iloc[rows[positions]].assign(reason=None)
    for piece in decode_images(challenger.source, files, own.image_shape, own.rendering).pieces:
        if len(piece):
            named = champion.predict(piece["image"]).argmax(axis=1)
            answers[positions[piece["index"]]] = ids[named]
    return answers
