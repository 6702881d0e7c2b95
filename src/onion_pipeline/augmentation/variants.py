"""Augmented variants of images: each a pure function of its picture, its number and the seed."""

import itertools
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onion_pipeline.augmentation.policy import Step, compose
from onion_pipeline.augmentation.random_numbers import hash_variants
from onion_pipeline.images.arrays import ArrayChunks, LabelledImages, count_rows
from onion_pipeline.origin import AUGMENTATION, hash_origin
from onion_pipeline.workers.parallel import map_chunks

if TYPE_CHECKING:
    from onion_pipeline.augmentation.transform_chain import TransformChain

AT_A_TIME = 128  # images, which stay near the processor between two transforms


def augment_images(
    images: LabelledImages, policy: Sequence[Step], copies: int, seed: int
) -> ArrayChunks:
    """Return `images` plus `copies` augmented variants of each, made as they are saved.

    Of N images N * (1 + copies) are made: first the originals (``copy`` 0), then the first variants
    of all in the same order (``copy`` 1), and so on.

    Raises:
        ValueError: `policy` changes the shape or the type of the first image.
    """
    if copies and len(images):
        make_variants(images["image"][:1], 1, compose(policy), seed)
    step = count_rows(images.dtype)
    parts = [images[start : start + step] for start in range(0, len(images), step)]
    jobs = list(itertools.product(range(1, 1 + copies), parts))
    variants = map_chunks(partial(_augment_chunk, policy, seed), jobs, title="augment images")
    origin = hash_origin("augmented images", AUGMENTATION, images, list(policy), copies, seed)
    return ArrayChunks(
        images.dtype, (), itertools.chain(parts, variants), origin, len(images) * (1 + copies)
    )


def make_variants(
    images: NDArray[np.uint8],
    copies: ArrayLike,
    chain: "TransformChain",
    seed: int,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Return variant number ``copies[n]`` of ``images[n]``, for all n: the same for the same.

    Args:
        images: uint8, (N, H, W, C).
        copies: N numbers of variants, or one for all; 0 is the image itself.
        chain: from :func:`~onion_pipeline.augmentation.policy.compose`.
        seed: of the draws.
        out: where to write them, of the shape of `images`; `images` itself will do.

    Returns:
        uint8, (N, H, W, C).

    Raises:
        ValueError: `chain` changes the shape or the type of an image, or not N `copies`.
    """
    made = np.empty_like(images) if out is None else out
    numbers = np.broadcast_to(copies, len(images))
    for start in range(0, len(images), AT_A_TIME):
        block = slice(start, start + AT_A_TIME)
        _write_variants(images[block], numbers[block], chain, seed, made[block])
    return made


def _write_variants(
    images: NDArray[np.uint8],
    copies: NDArray[np.int64],
    chain: "TransformChain",
    seed: int,
    out: NDArray[np.uint8],
) -> None:
    if not images[0].flags.c_contiguous:
        images = np.ascontiguousarray(images)
    out[copies == 0] = images[copies == 0]
    rows, kind = np.flatnonzero(copies).tolist(), (images.shape[1:], images.dtype)
    keys = hash_variants(images, copies, seed)[rows]
    for number, variant in chain([images[row] for row in rows], keys):
        if (variant.shape, variant.dtype) != kind:
            raise ValueError(
                f"The augmentation policy turns {images.dtype} {images.shape[1:]} into "
                f"{variant.dtype} {variant.shape}; remove transforms that crop, resize or convert "
                "(RandomResizedCrop keeps the shape if it is given no size)."
            )
        out[rows[number]] = variant


def _augment_chunk(
    policy: Sequence[Step], seed: int, job: tuple[int, LabelledImages]
) -> LabelledImages:
    copy, images = job
    variants = np.array(images)
    variants["copy"] = copy
    pixels = variants["image"]
    make_variants(pixels, copy, compose(policy), seed, out=pixels)
    return variants
