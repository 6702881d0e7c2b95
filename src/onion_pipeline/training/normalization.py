"""Batch normalisation that goes over the numbers of a batch fewer times while it learns."""

from functools import cache
from typing import Any

from onion_pipeline.model.backend import import_keras

RANK = 4  # of a batch of pictures, for which TensorFlow has the operation


@cache
def fuse_batch_normalization() -> Any:
    """Return Keras' ``BatchNormalization``, of which a training step is one operation.

    Keras measures the batch, subtracts, divides, scales and shifts one after the other, all of it
    in float32; TensorFlow's own kernel does the same in one go, and reads and writes bfloat16
    where the network computes in it. Its statistics are in float32 in any case.
    """
    import tensorflow as tf

    kind: Any = import_keras().layers.BatchNormalization

    class FusedBatchNormalization(kind):
        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            if not (training and self.trainable) or len(inputs.shape) != RANK:
                return super().call(inputs, training=training, mask=mask)
            made, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=tf.cast(inputs, self.compute_dtype),
                scale=self.gamma.value,
                offset=self.beta.value,
                mean=tf.zeros([0]),
                variance=tf.zeros([0]),
                epsilon=self.epsilon,
            )
            # The kernel gives the variance of the population that the batch is drawn from.
            count = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)
            self._follow(self.moving_mean, mean)
            self._follow(self.moving_variance, variance * (count - 1) / count)
            return made

        def _follow(self, average: Any, found: Any) -> None:
            average.assign(average * self.momentum + found * (1 - self.momentum))

    return FusedBatchNormalization


def is_usual(layer: Any) -> bool:
    """Return whether a layer is Keras' batch normalisation as parameter files ask for it."""
    usual = {"axis": -1, "center": True, "scale": True, "synchronized": False}
    kind = import_keras().layers.BatchNormalization
    return type(layer) is kind and all(getattr(layer, name) == usual[name] for name in usual)
