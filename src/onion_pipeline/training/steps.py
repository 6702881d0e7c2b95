"""Many steps of training, or of validation, in one call into TensorFlow."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.training.mixing import MixBatch
from onion_pipeline.training.precision import has_batch_statistics, list_gpus
from onion_pipeline.workers.parallel import count_processors

# A part of a batch that one processor works on alone has at least so many images.
SMALLEST_PART = 32


RunSteps = Callable[
    [NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]],
    tuple[NDArray[np.float32], NDArray[np.int64]],
]
"""Takes the pixels (B * S, H, W, C), labels (B * S,) and weights (B * S,) of S batches; returns
the weighted loss of each, (S,), and how many of its images were classified correctly, (S,)."""


def compile_training(
    graph: KerasModel,
    optimizer: Any,
    batch_size: int,
    parts: int,
    mix: MixBatch | None = None,
) -> RunSteps:
    """Return a function that trains `graph` on batches of `batch_size`, one after the other.

    The loss of a batch is the sum of the cross-entropies of its images, each times its weight.
    So many `parts` of it as :func:`count_parts` tells are differentiated side by side, and their
    gradients added; then `optimizer` steps once. What `mix` makes of a batch, if anything, is
    learned from instead of it; an image then is classified correctly if its answer is the label
    that weighs most.
    """
    import tensorflow as tf

    variables = graph.trainable_variables
    optimizer.build(variables)
    edges = list(pairwise(np.linspace(0, batch_size, parts + 1).astype(int).tolist()))

    def step(images: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        if mix:
            images, labels, weights = mix(images, labels, weights, optimizer.iterations)
        found = [
            _differentiate(graph, images[start:end], labels[start:end], weights[start:end])
            for start, end in edges
        ]
        losses, correct, gradients = zip(*found, strict=True)
        optimizer.apply([tf.add_n(some) for some in zip(*gradients, strict=True)], variables)
        return tf.add_n(losses), tf.add_n(correct)

    return _compile(step, graph, batch_size)


def compile_validation(graph: KerasModel, batch_size: int) -> RunSteps:
    """Return a function that measures loss and hits of `graph` on batches of `batch_size`."""

    def step(images: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        return _measure(graph(images, training=False), labels, weights)

    return _compile(step, graph, batch_size)


def count_parts(model: KerasModel, batch_size: int) -> int:
    """Return in how many parts to cut a batch: one per processor, if they are large enough.

    Each operation on a part then runs beside those on the others, so that no processor waits
    at the end of every operation. Batch normalisation needs the batch as a whole.
    """
    if has_batch_statistics(model) or list_gpus():
        return 1
    return max(1, min(count_processors(), batch_size // SMALLEST_PART))


def _differentiate(graph: KerasModel, images: Any, labels: Any, weights: Any) -> tuple[Any, ...]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss, correct = _measure(graph(images, training=True), labels, weights)
    return loss, correct, tape.gradient(loss, [one.value for one in graph.trainable_variables])


def _measure(logits: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
    """Return loss and hits; `labels` are int64 (B,), or targets of mixed images (B, classes)."""
    import tensorflow as tf

    if labels.shape.rank == 1:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    else:
        losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
        labels = tf.argmax(labels, axis=1)
    hits = (tf.argmax(logits, axis=1) == labels) & (weights > 0)
    return tf.reduce_sum(losses * weights), tf.reduce_sum(tf.cast(hits, tf.int64))


def _compile(step: Callable[..., tuple[Any, Any]], graph: KerasModel, size: int) -> RunSteps:
    """Return a function that calls `step` for each batch of `size` images, inside TensorFlow."""
    import tensorflow as tf

    shape = graph.input_shape[1:]

    # XLA is 3 to 4 times slower on processors; autograph has nothing to translate here.
    @tf.function(
        autograph=False,
        jit_compile=False,
        input_signature=[
            tf.TensorSpec([None, *shape], tf.uint8),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.float32),
        ],
    )
    def run(images: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        count = tf.shape(labels)[0] // size

        def body(number: Any, losses: Any, hits: Any) -> tuple[Any, Any, Any]:
            start = number * size
            pixels = tf.slice(images, [start, 0, 0, 0], [size, *shape])
            vectors = (tf.slice(vector, [start], [size]) for vector in (labels, weights))
            loss, correct = step(pixels, *vectors)
            return number + 1, losses.write(number, loss), hits.write(number, correct)

        start = tf.constant(0), tf.TensorArray(tf.float32, count), tf.TensorArray(tf.int64, count)
        _, losses, hits = tf.while_loop(
            lambda number, *_: number < count, body, start, parallel_iterations=1
        )
        return losses.stack(), hits.stack()

    return lambda *arrays: tuple(found.numpy() for found in run(*arrays))
