"""The transforms of a policy in a row, many times faster than ``albumentations.Compose``."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.augmentation import colors, crops, dropout, geometric, operations
from onion_pipeline.augmentation.plan import Drawn, Plan, Shape
from onion_pipeline.augmentation.random_numbers import draw_numbers

COLORS = ((), (3,))  # axes of images after height and width
# What is taken over from albumentations; each gives None for what it leaves there.
PLANS: dict[str, Callable[[Any, Shape], Plan | None]] = {
    "Affine": geometric.plan_affine,
    "CoarseDropout": dropout.plan_coarse_dropout,
    "ColorJitter": colors.plan_color_jitter,
    "HorizontalFlip": partial(geometric.plan_flip, geometric.HORIZONTAL),
    "InvertImg": colors.plan_inversion,
    "RandAugment": operations.plan_operations,
    "RandomBrightnessContrast": colors.plan_brightness_contrast,
    "RandomResizedCrop": crops.plan_resized_crop,
    "RandomRotate90": geometric.plan_quarter_turn,
    "Rotate": geometric.plan_rotate,
    "Transpose": geometric.plan_transposition,
    "TrivialAugment": operations.plan_operations,
    "VerticalFlip": partial(geometric.plan_flip, geometric.VERTICAL),
}
OF_THESE = ("albumentations.", "onion_pipeline.")  # the modules that they are of
SPACING = 1 << 32  # between the counters of two transforms
# Spreads a seed over the 128 bits of a PCG64, whose own way from a seed takes 20 µs.
SPREAD = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645
SEEDS = 1 << 53


class TransformChain:
    """Transforms of albumentations in a row, for images that each have a key.

    Whether a transform is applied to an image, and with which arguments, depends on the image,
    its key and the transform's position alone. For given arguments the pixels are those of
    albumentations. Between two transforms images of one channel are (H, W).
    """

    def __init__(self, transforms: Iterable[Any]) -> None:
        self.transforms = list(transforms)
        self._plans: dict[Any, Plan] = {}
        self._python, self._generator = random.Random(0), np.random.default_rng(0)
        for transform in self.transforms:
            transform.set_random_state(self._generator, self._python)

    def __call__(
        self, images: Sequence[NDArray[np.uint8]], keys: NDArray[np.uint64]
    ) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the number of an image and what it is changed into, for all, in any order.

        The N images are uint8, (H, W, C), of one shape; `keys` are uint64, (N,), from
        :func:`~onion_pipeline.augmentation.random_numbers.hash_variants`.
        """
        rows = range(len(images))
        for row, image in self._change_from(0, rows, [*map(_drop_channel, images)], keys):
            yield row, _add_channel(image)

    def try_transform(
        self, position: int, image: NDArray[np.uint8], key: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Return `image`, uint8 (H, W, C), as the transform at `position` alone changes it.

        It is applied whatever its probability, with the numbers of `key`, uint64 (1,). Returned are
        also the drawn arguments, as albumentations names them.
        """
        image = _drop_channel(image)
        plan = self._find_plan(position, image)
        drawn = plan.draw(_draw_numbers(key, position, plan))
        changed = plan.change(image, next(iter(plan.prepare(drawn))))
        noted = {name: values[0] for name, values in drawn.items()}
        return _add_channel(changed), noted if plan.keeps_kind else self.transforms[position].params

    def _change_from(
        self,
        position: int,
        rows: Sequence[int],
        images: Sequence[NDArray[Any]],
        keys: NDArray[np.uint64],
    ) -> Iterable[tuple[int, NDArray[Any]]]:
        """Return what images of one kind are changed into from one transform on."""
        end, steps = self._draw_steps(position, images, keys)
        changed = map(_follow, images, steps)
        if end == len(self.transforms):
            return zip(rows, changed, strict=True)
        groups: dict[Any, list[Any]] = {}
        for row, image, key in zip(rows, changed, keys, strict=True):
            groups.setdefault((image.shape, image.dtype), []).append((row, image, key))
        parts = (zip(*group, strict=True) for group in groups.values())
        return chain.from_iterable(
            self._change_from(end, those, some, np.array(theirs)) for those, some, theirs in parts
        )

    def _draw_steps(
        self, position: int, images: Sequence[NDArray[Any]], keys: NDArray[np.uint64]
    ) -> tuple[int, list[list[Any]]]:
        """Return where the kind of images may change, and what is done to each until then."""
        steps: list[list[Any]] = [[] for _ in images]
        starts = np.arange(len(self.transforms)) * SPACING
        for at, chances in enumerate(draw_numbers(keys, starts[position:]), start=position):
            rows = np.flatnonzero(chances < self.transforms[at].p)
            if not len(rows):
                continue
            plan = self._find_plan(at, images[0])
            drawn = plan.draw(_draw_numbers(keys[rows], at, plan))
            for row, argument in zip(rows.tolist(), plan.prepare(drawn), strict=False):
                steps[row].append((plan.change, argument))
            if not plan.keeps_kind:
                return at + 1, steps
        return len(self.transforms), steps

    def _find_plan(self, position: int, image: NDArray[Any]) -> Plan:
        kind = position, image.shape, image.dtype
        return self._plans.get(kind) or self._plans.setdefault(kind, self._make_plan(*kind))

    def _make_plan(self, position: int, shape: Shape, dtype: np.dtype[Any]) -> Plan:
        transform = self.transforms[position]
        kind = type(transform)
        is_known = kind.__module__.startswith(OF_THESE) and kind.__name__ in PLANS
        is_usual = dtype == np.uint8 and min(shape) and shape[2:] in COLORS
        plan = PLANS[kind.__name__](transform, shape) if is_known and is_usual else None
        return plan or self._leave(transform)

    def _leave(self, transform: Any) -> Plan:
        """Return a plan by which albumentations itself draws from a seed of each image."""

        def draw(numbers: NDArray[np.float64]) -> Drawn:
            return {"seed": (numbers[0] * SEEDS).astype(np.int64).tolist()}

        def change(image: NDArray[Any], seed: int) -> NDArray[Any]:
            self._seed(seed)
            result = transform(force_apply=True, image=_add_channel(image))
            return _drop_channel(result["image"])

        return Plan(1, draw, lambda drawn: drawn["seed"], change, keeps_kind=False)

    def _seed(self, seed: int) -> None:
        self._python.seed(seed)
        state = {"state": seed * SPREAD % (1 << 128), "inc": 1}
        self._generator.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": state,
            "has_uint32": 0,
            "uinteger": 0,
        }


def _draw_numbers(keys: NDArray[np.uint64], position: int, plan: Plan) -> NDArray[np.float64]:
    return draw_numbers(keys, position * SPACING + 1 + np.arange(plan.numbers))


def _follow(image: NDArray[Any], steps: list[Any]) -> NDArray[Any]:
    for change, argument in steps:
        image = change(image, argument)
    return image


def _drop_channel(image: NDArray[Any]) -> NDArray[Any]:
    return image[..., 0] if image.shape[2:] == (1,) else image


def _add_channel(image: NDArray[Any]) -> NDArray[Any]:
    return image if image.shape[2:] else image[..., None]
