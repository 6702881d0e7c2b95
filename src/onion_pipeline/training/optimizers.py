"""Optimisers and learning-rate schedules by name."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters

# What an exponential schedule leaves of the learning rate at the end of training.
EXPONENTIAL_END = 0.01
# One cycle begins with a 25th of the rate and has it after 30 % of the steps, as in fastai.
CYCLE_START, CYCLE_RISE, CYCLE_END = 1 / 25, 0.3, 1e-5

Multipliers = Mapping[str | int, float]
"""Factors of the learning rate, and so of the weight decay, by the path of a variable or its number
among those that are trained; 1 for all others."""


def make_optimizer(
    parameters: TrainParameters, steps_per_epoch: int, multipliers: Multipliers | None = None
) -> Any:
    """Return the Keras optimiser that `parameters` ask for.

    Weights decay, but for those of one dimension: biases, and what scales and shifts in
    normalisation.

    Raises:
        ValueError: when it is built, if `multipliers` name a variable that it does not train.
    """
    optimizers = import_keras().optimizers
    kinds = {
        "adam": _fuse(optimizers.Adam),
        "adamw": _fuse(optimizers.AdamW),
        "sgd": optimizers.SGD,
        "rmsprop": optimizers.RMSprop,
    }
    arguments: dict[str, Any] = {
        "learning_rate": make_schedule(parameters, steps_per_epoch),
        "global_clipnorm": parameters.gradient_clipping,
    }
    if parameters.weight_decay or parameters.optimizer == "adamw":  # whose default is not 0
        arguments["weight_decay"] = parameters.weight_decay
    if parameters.optimizer == "sgd":
        arguments |= {"momentum": 0.9, "nesterov": True}
    if parameters.ema:
        arguments |= {"use_ema": True, "ema_momentum": parameters.ema}
    optimizer = _adapt(_average(kinds[parameters.optimizer]))(**arguments)
    optimizer.multipliers = tuple((multipliers or {}).items())
    return optimizer


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
    if parameters.schedule == "one_cycle":
        rise = max(1, round(CYCLE_RISE * whole))
        return schedules.CosineDecay(
            CYCLE_START * rate,
            max(1, whole - rise),
            alpha=CYCLE_END,
            warmup_target=rate,
            warmup_steps=rise,
        )
    if parameters.schedule == "exponential":
        return schedules.ExponentialDecay(rate, whole, EXPONENTIAL_END)
    return rate


def read_averages(optimizer: Any, variables: Sequence[Any]) -> dict[int, NDArray[np.float32]]:
    """Return the moving averages of the variables that `optimizer` trains, by their ``id``.

    There are none if it takes none, and none before its first step.
    """
    if not optimizer.use_ema or not int(optimizer.iterations):
        return {}
    averages = (average.numpy() for average in optimizer.averages)
    return dict(zip(map(id, variables), averages, strict=True))


@cache
def _adapt(kind: type) -> type:
    """Return an optimiser with rates of single variables, in which biases do not decay."""
    import tensorflow as tf

    class Adapted(kind):
        multipliers: tuple[tuple[str | int, float], ...] = ()

        def build(self, variables: list[Any]) -> None:
            self._factors = _list_factors(dict(self.multipliers), variables)
            super().build(variables)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient, variable, self._scale(learning_rate, variable))

        def _apply_weight_decay(self, variables: list[Any]) -> None:
            decaying = [one for one in variables if self.weight_decay and len(one.shape) > 1]
            for variable in decaying:
                value = variable.value
                rate = self._scale(tf.cast(self.learning_rate, value.dtype), variable)
                value.assign_sub(value * tf.cast(self.weight_decay, value.dtype) * rate)

        def _scale(self, learning_rate: Any, variable: Any) -> Any:
            factor = self._factors[self._get_variable_index(variable)]
            return learning_rate if factor == 1 else learning_rate * factor

    Adapted.__name__ = kind.__name__
    return Adapted


@cache
def _average(kind: type) -> type:
    """Return an optimiser whose averages forget faster at first, lest they be of first weights."""
    import tensorflow as tf

    class Averaging(kind):
        @property
        def averages(self) -> list[Any]:
            """The moving averages of the variables, in their order."""
            return self._model_variables_moving_average

        @property
        def ema_momentum(self) -> Any:
            """What is kept in a step, as TensorFlow's ExponentialMovingAverage warms it up."""
            steps = tf.cast(self.iterations, tf.float32)
            return tf.minimum(self._decay, (1 + steps) / (10 + steps))

        @ema_momentum.setter
        def ema_momentum(self, decay: float) -> None:
            self._decay = decay

    Averaging.__name__ = kind.__name__
    return Averaging


def _list_factors(multipliers: dict[str | int, float], variables: list[Any]) -> tuple[float, ...]:
    named = {*range(len(variables)), *(getattr(one, "path", None) for one in variables)}
    unknown = [str(name) for name in multipliers if name not in named]
    if unknown:
        raise ValueError(
            f"multipliers of the learning rate are given for {', '.join(unknown)}; the variables "
            f"that are trained are {', '.join(one.path for one in variables)}"
        )
    return tuple(
        multipliers.get(number, multipliers.get(variable.path, 1.0))
        for number, variable in enumerate(variables)
    )


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
