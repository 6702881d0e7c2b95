"""Augmented variants of images: each a pure function of its picture, its number and the seed."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.pipeline import Pipeline
from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.randomness import expand_seeds
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages, count_rows
from onion_pipeline.origin import AUGMENTATION, hash_origin
from onion_pipeline.workers.parallel import map_chunks

DIGEST = hashlib.blake2b(digest_size=4, salt=b"variant")
HASHED_BYTES = 1024
# From so many seeds on, NumPy expands them together in less time than Python one by one.
WORTH_ARRAYS = 64


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
    origin = hash_origin("augmented images", AUGMENTATION, images, list(policy), copies, seed)
    return ArrayChunks(images.dtype, (), chain(parts, variants), origin, len(images) * (1 + copies))


def augment_image(
    image: NDArray[np.uint8], pipeline: Pipeline, copy: int, seed: int
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
    return _check_kind(pipeline(image, _derive_seed(image, copy, seed)), image)


def make_variants(
    images: NDArray[np.uint8], copy: int, pipeline: Pipeline, seed: int
) -> NDArray[np.uint8]:
    """Return variant number `copy` of each image; see :func:`augment_rows`.

    Args:
        images: uint8, (N, H, W, C).
        copy: number of the variant; 0 is the image itself.
        pipeline: from :func:`~onion_pipeline.augmentation.policy.compose`.
        seed: of the draws.

    Returns:
        uint8, (N, H, W, C).
    """
    variants = np.empty_like(images)
    augment_rows(images, repeat(copy, len(images)), pipeline, seed, variants)
    return variants


def augment_rows(
    images: NDArray[np.uint8],
    copies: Iterable[int],
    pipeline: Pipeline,
    seed: int,
    out: NDArray[np.uint8],
) -> None:
    """Write variant number ``copies[n]`` of ``images[n]`` to ``out[n]``, for all n.

    Args:
        images: uint8, (N, H, W, C).
        copies: N numbers of variants; 0 is the image itself.
        pipeline: from :func:`~onion_pipeline.augmentation.policy.compose`.
        seed: of the draws.
        out: uint8, (N, H, W, C); `images` itself will do.

    Raises:
        ValueError: `pipeline` changes the shape or the type of an image, or not N `copies`.
    """
    numbers = list(map(int, copies))
    seeds = [
        _derive_seed(image, number, seed) if number else 0
        for image, number in zip(images, numbers, strict=True)
    ]
    words = expand_seeds(seeds) if len(seeds) >= WORTH_ARRAYS else repeat(None)
    for n, (number, derived, expanded) in enumerate(zip(numbers, seeds, words, strict=False)):
        image = images[n]
        out[n] = _check_kind(pipeline(image, derived, expanded), image) if number else image


def _augment_chunk(job: _Job) -> LabelledImages:
    variants = np.array(job.images)
    variants["copy"] = job.copy
    pixels = variants["image"]
    augment_rows(pixels, variants["copy"], compose(job.policy), job.seed, out=pixels)
    return variants


def _check_kind(variant: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if variant.shape != image.shape or variant.dtype != image.dtype:
        raise ValueError(
            f"The augmentation policy turns {image.dtype} {image.shape} into "
            f"{variant.dtype} {variant.shape}; remove transforms that crop, resize or convert."
        )
    return variant


def _derive_seed(image: NDArray[np.uint8], copy: int, seed: int) -> int:
    """Return 32 bits from the pixels: a variant stays the same when other images come or go.

    Some thousand bytes, evenly spaced, tell pictures apart. Two that agree in all of them may
    share their draws.
    """
    digest = DIGEST.copy()
    flat = image.reshape(-1)
    digest.update(flat[:: 1 + flat.size // HASHED_BYTES].tobytes())
    digest.update(b"%d/%d" % (copy, seed))
    return int.from_bytes(digest.digest(), "big")
