"""The steps of a policy in a row: the pixels of ``albumentations.Compose``, many times faster."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation import affine, colors, dropout, flips
from onion_pipeline.augmentation.randomness import Apply, Draws

Shape = tuple[int, int, int]
Plan = Callable[[Any, Draws, Shape], Apply | None]

BYTES = np.dtype(np.uint8)
CHANNELS = ((1,), (3,))
# What is taken over from albumentations; each gives None for what it leaves there.
PLANS: dict[str, Plan] = {
    "Affine": affine.plan_affine,
    "CoarseDropout": dropout.plan_coarse_dropout,
    "ColorJitter": colors.plan_color_jitter,
    "HorizontalFlip": flips.plan_horizontal_flip,
    "InvertImg": colors.plan_inversion,
    "RandomBrightnessContrast": colors.plan_brightness_contrast,
    "RandomRotate90": flips.plan_quarter_turn,
    "Rotate": affine.plan_rotate,
    "Transpose": flips.plan_transposition,
    "VerticalFlip": flips.plan_vertical_flip,
}


class _Run(NamedTuple):
    """Steps that keep the shape, each with its probability (None if certain), and what follows."""

    steps: Sequence[tuple[float | None, Apply]]
    work_shape: tuple[int, ...] | None
    end: int


class Pipeline:
    """Transforms of albumentations in a row, with one seed for each image.

    An image comes out as from ``albumentations.Compose(transforms)`` after
    ``set_random_state(numpy.random.default_rng(seed), random.Random(seed))``, to the last
    bit. What does not depend on the draws is computed once for each shape of images. Not to
    be shared among threads.

    Args:
        transforms: of albumentations.
    """

    def __init__(self, transforms: Sequence[Any]):
        self._draws = Draws()
        self._transforms = [transform for transform in transforms if transform.p > 0]
        self._runs: list[dict[Any, _Run]] = [{} for _ in self._transforms]
        for transform in self._transforms:
            transform.set_random_state(self._draws.generator, self._draws.python)

    def __call__(
        self, image: NDArray[np.uint8], seed: int, words: Sequence[int] | None = None
    ) -> NDArray[np.uint8]:
        """Return `image` transformed.

        Args:
            image: uint8, (H, W, C).
            seed: of 32 bits.
            words: :func:`~onion_pipeline.augmentation.randomness.expand_seed` of `seed`, if known.
        """
        draw = self._draws.random
        self._draws.start(seed, words)
        draw()  # Compose draws whether it is to run at all
        image = np.ascontiguousarray(image)
        position = 0
        while position < len(self._transforms):
            shape = image.shape
            key: Any = shape if image.dtype == BYTES else (shape, image.dtype)
            run = self._runs[position].get(key) or self._plan_run(position, image, key)
            if run.work_shape:
                image = image.reshape(run.work_shape)
            for probability, apply in run.steps:
                if probability is None or draw() < probability:
                    image = apply(image)
            if run.work_shape:
                image = image.reshape(shape)
            position = run.end
        return image

    def list_left(self, image: NDArray[np.uint8]) -> list[str]:
        """Return the names of the transforms that albumentations itself applies to `image`."""
        return [
            type(transform).__name__
            for transform in self._transforms
            if self._plan(transform, image) is None
        ]

    def _plan_run(self, position: int, image: NDArray[np.uint8], key: Any) -> _Run:
        steps: list[tuple[float | None, Apply]] = []
        for transform in self._transforms[position:]:
            apply = self._plan(transform, image)
            if apply is None:
                break
            steps.append((_get_probability(transform), apply))
        work_shape = image.shape[:2] if steps and image.shape[2] == 1 else None
        if not steps:  # it may change the shape, so that another run begins after it
            transform = self._transforms[position]
            steps = [(_get_probability(transform), self._lend_draws(transform))]
        run = _Run(steps, work_shape, position + len(steps))
        self._runs[position][key] = run
        return run

    def _plan(self, transform: Any, image: NDArray[np.uint8]) -> Apply | None:
        kind = type(transform)
        if not kind.__module__.startswith("albumentations.") or kind.__name__ not in PLANS:
            return None
        if image.dtype != BYTES or not image.size or image.shape[2:] not in CHANNELS:
            return None
        return PLANS[kind.__name__](transform, self._draws, image.shape)

    def _lend_draws(self, transform: Any) -> Apply:
        draws = self._draws

        def apply(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            draws.lend()
            result = transform(force_apply=True, image=image)["image"]
            draws.take_back()
            return result

        return apply


def _get_probability(transform: Any) -> float | None:
    return transform.p if transform.p < 1 else None
