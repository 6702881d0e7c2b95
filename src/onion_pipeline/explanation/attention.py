"""Where a network looked: which parts of a picture its answer rests on."""

from itertools import product
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Ids, KerasModel, Pixels
from onion_pipeline.evaluation.predictions import predict_probabilities
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.graph import trace_calls

RANK = 4  # of a batch of pictures
# Of the shorter side: large enough to hide a stroke or an eye, small enough to say which.
PATCH = 1 / 6


def map_attention(model: KerasModel, images: Pixels, classes: Ids) -> NDArray[np.float32]:
    """Return which places of the last feature maps speak for a class, by HiResCAM.

    The gradient of the score of the class (before the softmax) is multiplied with the feature
    maps, number by number, and summed over the channels. Where only one dense layer follows, the
    sum over all places is the score itself but for the bias; Grad-CAM, which averages the gradient
    over the places first, may highlight places that were not used.

    Args:
        model: ends in a dense layer with softmax.
        images: uint8, (N, H, W, C).
        classes: the class to ask for, int64, (N,).

    Returns:
        float32, (N, h, w), of the size of these feature maps; negative where a place speaks
        against the class.

    Source: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of
    convolutional neural networks", arXiv:2011.08891.
    """
    import tensorflow as tf

    front, back = _cut(model)
    maps = tf.cast(front(images, training=False), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        scores = tf.gather(back(maps, training=False), classes, batch_dims=1)
    return np.asarray(tf.reduce_sum(maps * tape.gradient(scores, maps), axis=-1), np.float32)


class Patches(NamedTuple):
    """Where the patches lie that cover a picture one by one.

    Args:
        side: in pixels.
        tops: the first row of each row of patches.
        lefts: the first column of each column of them.
    """

    side: int
    tops: list[int]
    lefts: list[int]


def place_patches(size: tuple[int, ...], *, overlap: bool = True) -> Patches:
    """Return the patches of a picture of this height and width.

    Their side is a sixth of the shorter one of the picture. They are half a patch apart; without
    `overlap` as few as cover all of it, at even distances.
    """
    if not overlap:
        side = max(2, ceil(min(size) * PATCH))
        tops, lefts = (
            np.linspace(0, length - side, -(-length // side)).round().astype(int).tolist()
            for length in size
        )
        return Patches(side, tops, lefts)
    side = max(2, round(min(size) * PATCH))
    step = max(1, side // 2)
    tops, lefts = (sorted({*range(0, length - side, step), length - side}) for length in size)
    return Patches(side, tops, lefts)


def map_occlusion(
    model: KerasModel, image: Pixels, predicted: int, patches: Patches | None = None
) -> NDArray[np.float32]:
    """Return how much weaker the answer becomes when a patch is covered.

    A patch of the picture's mean colour covers each place of :func:`place_patches`. What is lost
    are log-odds, ``ln(p / (1 - p))``: where a network is sure, the probability itself hardly moves.

    Args:
        model: takes uint8 (N, H, W, C), returns probabilities.
        image: uint8, (H, W, C).
        predicted: the class to ask for.
        patches: of a picture of this size; overlapping ones unless they are given.

    Returns:
        float32, (rows, columns), one number per place of the patch: 2.3 where the odds fall to a
        tenth, negative where the answer becomes surer.

    Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    side, tops, lefts = patches or place_patches(image.shape[:2])
    covered = np.repeat(image[None], len(tops) * len(lefts) + 1, axis=0)
    mean = image.mean(axis=(0, 1)).round().astype(np.uint8)
    for number, (top, left) in enumerate(product(tops, lefts)):
        covered[number, top : top + side, left : left + side] = mean
    odds = _find_log_odds(predict_probabilities(model, covered), predicted)
    return np.float32(odds[-1] - odds[:-1]).reshape(len(tops), len(lefts))


def _cut(model: KerasModel) -> tuple[KerasModel, KerasModel]:
    """Return `model` as two: to its last feature maps, and from there to the scores."""
    keras = import_keras()
    *calls, head = trace_calls(model).values()
    *_, maps = (call.leaving for call in calls if len(call.leaving.shape) == RANK)
    arriving = keras.Input(maps.shape[1:], name="maps")
    lined_up = keras.Model(maps, head.arriving[0])(arriving)
    scores = keras.layers.Dense(head.layer.units, dtype="float32", name="scores")
    back = keras.Model(arriving, scores(lined_up))
    scores.set_weights(head.layer.get_weights())
    return keras.Model(model.inputs[0], maps), back


def _find_log_odds(answers: NDArray[np.float32], chosen: int) -> NDArray[np.float64]:
    """Return the log-odds of a class; sums the others, since 1 - p of a sure answer is rounded."""
    probabilities = np.maximum(answers.astype(np.float64), np.finfo(np.float32).tiny)
    others = np.delete(probabilities, chosen, axis=1).sum(axis=1)
    return np.log(probabilities[:, chosen]) - np.log(others)
