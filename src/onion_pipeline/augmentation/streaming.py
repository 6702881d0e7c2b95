"""Variants that are made while a network learns from them, instead of being kept."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation.policy import Step, compose, import_albumentations
from onion_pipeline.augmentation.variants import make_variants
from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import AugmentParameters
from onion_pipeline.workers.parallel import AHEAD, count_processors, map_chunks, start_pool
from onion_pipeline.workers.shared import SharedArray, create_shared, share_array

_Job = tuple[SharedArray, NDArray[np.int64]]


@dataclass(frozen=True)
class _Jobs(Sequence[_Job]):
    """The job of each block from one on: made when it is asked for, since a training has many."""

    slots: Sequence[SharedArray]
    blocks: Sequence[NDArray[np.int64]]
    first: int

    def __len__(self) -> int:
        return len(self.blocks) - self.first

    def __getitem__(self, number: Any) -> Any:
        return self.slots[number % len(self.slots)], self.blocks[self.first + number]


@dataclass(frozen=True, eq=False, repr=False)
class StreamedImages:
    """Labelled images and their variants, of which only the images exist.

    Row for row and byte for byte it is what
    :func:`~onion_pipeline.augmentation.variants.augment_images` would keep: the N images, then
    the first variants of all, and so on.

    Args:
        images: N labelled images; memory-mapped ones are read by the workers themselves.
        policy: from :func:`~onion_pipeline.augmentation.policy.make_policy`.
        copies: number of variants of each image.
        seed: of the draws.
    """

    images: LabelledImages
    policy: Sequence[Step]
    copies: int
    seed: int

    def __len__(self) -> int:
        """Return ``N * (1 + copies)``."""
        return len(self.images) * (1 + self.copies)

    def __getitem__(self, key: str | NDArray[np.int64]) -> NDArray[Any]:
        """Return the rows of these numbers, made in this process, or one field of all but pixels.

        Raises:
            KeyError: all pixels are asked for, which are too many.
        """
        if isinstance(key, str):
            return self._get_field(key)
        copies, rows = np.divmod(key, len(self.images))
        made = np.array(self.images[rows])
        made["copy"] = copies
        pixels = made["image"]
        make_variants(pixels, copies, compose(self.policy), self.seed, out=pixels)
        return made

    def list_inputs(self) -> tuple[Any, ...]:
        """Return what all pixels are made of: images, policy, number of copies and seed."""
        return self.images, list(self.policy), self.copies, self.seed

    def stream_pixels(
        self, blocks: Sequence[NDArray[np.int64]], first: int = 0
    ) -> Generator[NDArray[np.uint8]]:
        """Yield the pixels of each block of rows, made by a process per processor.

        Args:
            blocks: numbers of rows, int64 (M,); none is longer than that of number 0.
            first: number of the block to begin with; those before it are not made.

        Yields:
            uint8, (M, H, W, C), good until the next is asked for: its memory is used again.
        """
        pixels = np.dtype(np.uint8), (len(blocks[0]), *self.images.dtype["image"].shape)
        with ExitStack() as stack:
            source = stack.enter_context(share_array(self.images))
            # As many as `map_chunks` has under way, the block that is in use among them.
            count = AHEAD * count_processors()
            slots = [stack.enter_context(create_shared(*pixels)) for _ in range(count)]
            views = [slot.open() for slot in slots]
            make_block = partial(_make_block, source, self.policy, self.seed)
            for number, rows in enumerate(map_chunks(make_block, _Jobs(slots, blocks, first))):
                yield views[number % count][:rows]

    def _get_field(self, name: str) -> NDArray[Any]:
        if name == "image":
            raise KeyError("the pixels of streamed images are read row by row")
        if name == "copy":
            return np.repeat(np.arange(1 + self.copies), len(self.images))
        return np.tile(self.images[name], 1 + self.copies)


def offer_variants(
    images: LabelledImages, policy: Sequence[Step], parameters: AugmentParameters, seed: int
) -> LabelledImages | StreamedImages:
    """Return the images with their variants: those that were kept, or a stream of them.

    The processes that make a stream are started at once, beside what this one does next.

    Raises:
        DataError: `images` have variants that should not be kept, or lack those that should.
    """
    kept = int(images["copy"].max(initial=0))
    if kept != (parameters.copies if parameters.keep else 0):
        raise DataError(
            f"augmented_images holds {kept} variants of each picture, which is not what "
            f"augment.copies ({parameters.copies}) and augment.keep ({parameters.keep}) ask "
            "for: it is left from another run. Make it anew: kedro run --pipelines augment"
        )
    if parameters.keep or not parameters.copies:
        return images
    start_pool(import_albumentations)
    return StreamedImages(images, policy, parameters.copies, seed)


def _make_block(source: SharedArray, policy: Sequence[Step], seed: int, job: _Job) -> int:
    """Write the rows of one block, and return how many there are."""
    target, numbers = job
    copies, rows = np.divmod(numbers, source.shape[0])
    pixels = source.open("r")["image"][rows]
    make_variants(pixels, copies, compose(policy), seed, out=target.open()[: len(pixels)])
    return len(pixels)
