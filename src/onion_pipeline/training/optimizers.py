"""Optimisers and learning-rate schedules by name."""

from typing import Any

from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters

# What an exponential schedule leaves of the learning rate at the end of training.
EXPONENTIAL_END = 0.01


def make_optimizer(parameters: TrainParameters, steps_per_epoch: int) -> Any:
    """Return the Keras optimiser that `parameters` ask for."""
    optimizers = import_keras().optimizers
    kinds = {
        "adam": optimizers.Adam,
        "adamw": optimizers.AdamW,
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
    warmup = round(parameters.warmup_epochs * steps_per_epoch)
    steps = max(1, parameters.epochs * steps_per_epoch - warmup)
    if parameters.schedule == "cosine":
        if not warmup:
            return schedules.CosineDecay(rate, steps)
        return schedules.CosineDecay(0.0, steps, warmup_target=rate, warmup_steps=warmup)
    if parameters.schedule == "exponential":
        return schedules.ExponentialDecay(
            rate, parameters.epochs * steps_per_epoch, EXPONENTIAL_END
        )
    return rate
