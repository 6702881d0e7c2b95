"""Mixup, CutMix and label smoothing: what a batch becomes just before the network learns from it.

All that is drawn follows from the seed and the number of the step alone, so that a training that
was stopped goes on with the same numbers.
"""

from collections.abc import Callable
from typing import Any

from onion_pipeline.parameters import TrainParameters

# Each draw of a step has a number of its own.
CHOICE, CORNER, MIXUP, CUTMIX = range(4)

MixBatch = Callable[[Any, Any, Any, Any], tuple[Any, Any, Any]]
"""Takes tensors of one batch: pixels, uint8 (B, H, W, C); labels, int64 (B,); weights, float32
(B,); and the number of the step, int64. Returns pixels, uint8; targets, float32 (B, classes), of
which each row adds up to 1; and weights, float32 (B,), which add up to the same."""


def make_mixing(parameters: TrainParameters, classes: int, seed: int) -> MixBatch | None:
    """Return what mixes the images of a batch and smooths their labels; ``None`` if nothing does.

    Each image is mixed with the next one of the batch, the last one with the first. (The order
    of an epoch is drawn, so that any image may be the next one.) Images of weight 0, which fill
    up a batch, are no image's partner. All pairs of a batch share one proportion, drawn from
    Beta(alpha, alpha), and in CutMix one box; with both, each batch takes one of them, either
    with the same probability.

    Sources: mixup https://arxiv.org/abs/1710.09412, CutMix https://arxiv.org/abs/1905.04899,
    label smoothing https://arxiv.org/abs/1512.00567.
    """
    if not (parameters.mixup or parameters.cutmix or parameters.label_smoothing):
        return None

    def mix(images: Any, labels: Any, weights: Any, step: Any) -> tuple[Any, Any, Any]:
        targets = _spread_labels(labels, classes, parameters.label_smoothing)
        if not (parameters.mixup or parameters.cutmix):
            return images, targets, weights
        partners = find_partners(weights)
        shares, share = _draw_shares(parameters, images.shape[1:3], _Draws(seed, step))
        return (
            blend_pixels(images, partners, shares),
            *blend_targets(targets, weights, partners, share),
        )

    return mix


def find_partners(weights: Any) -> Any:
    """Return the number of each image's partner, int64 (B,); one of weight 0 has itself."""
    import tensorflow as tf

    counting = tf.where(weights > 0)
    numbers = tf.range(tf.size(weights, tf.int64), dtype=tf.int64)
    return tf.tensor_scatter_nd_update(numbers, counting, tf.roll(counting[:, 0], -1, 0))


def blend_pixels(images: Any, partners: Any, shares: Any) -> Any:
    """Return the images, each mixed with its partner, rounded to uint8.

    Args:
        images: uint8, (B, H, W, C).
        partners: from :func:`find_partners`.
        shares: float32, (H, W, 1), what is the image's own in each place.
    """
    import tensorflow as tf

    own = tf.cast(images, tf.float32)
    mixed = own * shares + tf.gather(own, partners) * (1 - shares)
    return tf.cast(tf.round(mixed), tf.uint8)


def blend_targets(targets: Any, weights: Any, partners: Any, share: Any) -> tuple[Any, Any]:
    """Return targets and weights of images of which `share` is their own.

    The loss of an image is `share` times what its own label weighs, and the rest what the label
    of its partner does: weights of classes hold for parts of images as for whole ones.
    """
    import tensorflow as tf

    own, others = share * weights, (1 - share) * tf.gather(weights, partners)
    mixed = own[:, None] * targets + others[:, None] * tf.gather(targets, partners)
    both = own + others
    return tf.where(both[:, None] > 0, tf.math.divide_no_nan(mixed, both[:, None]), targets), both


class _Draws:
    """The random numbers of one step."""

    def __init__(self, seed: int, step: Any) -> None:
        import tensorflow as tf

        self._key = tf.stack([tf.constant(seed, tf.int64), tf.cast(step, tf.int64)])

    def draw_uniform(self, number: int, *shape: int) -> Any:
        """Return float32 from 0 to below 1."""
        import tensorflow as tf

        return tf.random.stateless_uniform(shape, self._fold(number))

    def draw_beta(self, number: int, alpha: float) -> Any:
        """Return a float32 from 0 to 1 with the distribution Beta(alpha, alpha)."""
        import tensorflow as tf

        one, other = tf.unstack(tf.random.stateless_gamma([2], self._fold(number), alpha))
        # Of a small alpha both may be too small for a float; an image then stays as it is.
        return tf.where(one + other > 0, tf.math.divide_no_nan(one, one + other), 1.0)

    def _fold(self, number: int) -> Any:
        import tensorflow as tf

        return tf.random.experimental.stateless_fold_in(self._key, number)


def _spread_labels(labels: Any, classes: int, smoothing: float) -> Any:
    import tensorflow as tf

    return tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes


def _draw_shares(
    parameters: TrainParameters, sides: tuple[int, int], draws: _Draws
) -> tuple[Any, Any]:
    """Return what is an image's own: in each place, float32 (H, W, 1), and as a whole."""
    import tensorflow as tf

    blended = draws.draw_beta(MIXUP, parameters.mixup) if parameters.mixup else None
    everywhere = None if blended is None else tf.fill([*sides, 1], blended)
    if not parameters.cutmix:
        return everywhere, blended
    outside = 1 - _draw_box(draws.draw_beta(CUTMIX, parameters.cutmix), sides, draws)
    if not parameters.mixup:
        return outside, tf.reduce_mean(outside)
    cuts = draws.draw_uniform(CHOICE) < 0.5  # noqa: PLR2004
    return (
        tf.where(cuts, outside, everywhere),
        tf.where(cuts, tf.reduce_mean(outside), blended),
    )


def _draw_box(share: Any, sides: tuple[int, int], draws: _Draws) -> Any:
    """Return float32 (H, W, 1), 1 in a box of the picture's form around any place, else 0.

    Of the picture it is 1 - `share`, or less, where an edge cuts it off.
    """
    import tensorflow as tf

    inside = []
    for side, center in zip(sides, tf.unstack(draws.draw_uniform(CORNER, 2)), strict=True):
        middle, half = center * side, tf.sqrt(1 - share) * side / 2
        places = tf.range(side, dtype=tf.float32) + 0.5
        inside.append(tf.cast(tf.abs(places - middle) < half, tf.float32))
    return (inside[0][:, None] * inside[1][None, :])[:, :, None]
