"""Augmented variants of images: each a pure function of its picture, its number and the seed."""

import hashlib
import random
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages, count_rows
from onion_pipeline.images.parallel import map_chunks

if TYPE_CHECKING:
    import albumentations


class _Job(NamedTuple):
    images: LabelledImages
    policy: Sequence[Step]
    copy: int
    seed: int


def augment_images(
    images: LabelledImages, policy: Sequence[Step], copies: int, seed: int
) -> ArrayChunks:
    """Return `images` plus `copies` augmented variants of each, made as they are saved.

    Args:
        images: N labelled images; see :func:`~onion_pipeline.images.arrays.labelled_dtype`.
        policy: from :func:`~onion_pipeline.augmentation.policy.make_policy`.
        copies: number of variants of each image.
        seed: of the draws.

    Returns:
        N * (1 + copies) labelled images: first the originals (``copy`` 0), then the first
        variants of all in the same order (``copy`` 1), and so on.

    Raises:
        ValueError: `policy` changes the shape or the type of the first image.
    """
    if copies and len(images):
        augment_image(np.asarray(images["image"][0]), compose(policy), 1, seed)
    step = count_rows(images.dtype)
    parts = [images[start : start + step] for start in range(0, len(images), step)]
    jobs = [_Job(part, policy, copy, seed) for copy in range(1, 1 + copies) for part in parts]
    variants = map_chunks(_augment_chunk, jobs, title="augment images")
    return ArrayChunks(images.dtype, (), chain(parts, variants))


def augment_image(
    image: NDArray[np.uint8], pipeline: "albumentations.Compose", copy: int, seed: int
) -> NDArray[np.uint8]:
    """Return variant number `copy` of `image`, the same for the same arguments.

    Args:
        image: uint8, (H, W, C).
        pipeline: from :func:`~onion_pipeline.augmentation.policy.compose`.
        copy: number of the variant.
        seed: of the draws.

    Raises:
        ValueError: `pipeline` changes the shape or the type of the image.
    """
    derived = _derive_seed(image, copy, seed)
    # One generator for all transforms: `set_random_seed` would seed each of them alike, so
    # that all draw the same numbers, and takes five times as long.
    pipeline.set_random_state(np.random.default_rng(derived), random.Random(derived))
    variant = pipeline(image=image)["image"]
    if variant.shape != image.shape or variant.dtype != image.dtype:
        raise ValueError(
            f"The augmentation policy turns {image.dtype} {image.shape} into "
            f"{variant.dtype} {variant.shape}; remove transforms that crop, resize or convert."
        )
    return variant


def _augment_chunk(job: _Job) -> LabelledImages:
    pipeline = compose(job.policy)
    variants = np.array(job.images)
    variants["copy"] = job.copy
    for image in variants["image"]:
        image[...] = augment_image(image, pipeline, job.copy, job.seed)
    return variants


def _derive_seed(image: NDArray[np.uint8], copy: int, seed: int) -> int:
    """Return 32 bits from the pixels: a variant stays the same when other images come or go."""
    digest = hashlib.blake2b(image.tobytes(), digest_size=4, salt=b"variant")
    digest.update(f"{copy}/{seed}".encode())
    return int.from_bytes(digest.digest(), "big")
