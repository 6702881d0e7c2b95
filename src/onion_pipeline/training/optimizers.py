"""Optimisers and learning-rate schedules by name."""

from functools import cache
from typing import Any

from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters

# What an exponential schedule leaves of the learning rate at the end of training.
EXPONENTIAL_END = 0.01


def make_optimizer(parameters: TrainParameters, steps_per_epoch: int) -> Any:
    """Return the Keras optimiser that `parameters` ask for."""
    optimizers = import_keras().optimizers
    kinds = {
        "adam": _fuse(optimizers.Adam),
        "adamw": _fuse(optimizers.AdamW),
        "sgd": optimizers.SGD,
        "rmsprop": optimizers.RMSprop,
    }
    arguments: dict[str, Any] = {"learning_rate": make_schedule(parameters, steps_per_epoch)}
    if parameters.weight_decay or parameters.optimizer == "adamw":  # whose default is not 0
        arguments["weight_decay"] = parameters.weight_decay
    if parameters.optimizer == "sgd":
        arguments |= {"momentum": 0.9, "nesterov": True}
    return kinds[parameters.optimizer](**arguments)


def make_schedule(parameters: TrainParameters, steps_per_epoch: int) -> Any:
    """Return the learning rate: a number, or a Keras schedule over all steps of the training."""
    schedules = import_keras().optimizers.schedules
    rate = parameters.learning_rate
    whole = parameters.epochs * steps_per_epoch
    warmup = round(parameters.warmup_epochs * steps_per_epoch)
    steps = max(1, whole - warmup)
    if parameters.schedule == "cosine" and warmup:
        return schedules.CosineDecay(0.0, steps, warmup_target=rate, warmup_steps=warmup)
    if parameters.schedule == "cosine":
        return schedules.CosineDecay(rate, steps)
    if parameters.schedule == "exponential":
        return schedules.ExponentialDecay(rate, whole, EXPONENTIAL_END)
    return rate


@cache
def _fuse(kind: type) -> type:
    """Return Adam, or AdamW, whose update of a variable is one operation instead of a dozen.

    The formula is that of Keras, as TensorFlow's own kernel computes it:
    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceApplyAdam
    """
    import tensorflow as tf

    class Fused(kind):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            index = self._get_variable_index(variable)
            step = tf.cast(self.iterations + 1, variable.dtype)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
                beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
                lr=tf.cast(learning_rate, variable.dtype),
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=gradient,
            )

    Fused.__name__ = kind.__name__
    return Fused
