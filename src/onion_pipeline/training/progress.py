"""What a training says while it runs, and that its loss stays a number."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.errors import TrainingDivergedError

logger = logging.getLogger(__name__)


class Epoch(NamedTuple):
    """What an epoch gave; a row of the training history."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float


class Progress:
    """Reports a training: on a terminal a bar over the steps, and one line per epoch.

    Args:
        epochs: how many there are at most.
        batch_size: for messages.
    """

    def __init__(self, epochs: int, batch_size: int) -> None:
        self._epochs = epochs
        self._batch_size = batch_size
        self._start = time.perf_counter()

    @contextmanager
    def show_epoch(self, epoch: int, steps: int) -> Iterator[Callable[[NDArray[np.float32]], None]]:
        """Show the bar of an epoch; yields a function that is called with the losses of steps.

        Raises:
            TrainingDivergedError: a loss is not finite; names the epoch and the step.
        """
        from tqdm import tqdm

        # Unless standard error is a terminal, there is no bar.
        with tqdm(
            total=steps,
            desc=f"epoch {epoch}/{self._epochs}",
            unit="step",
            disable=None,
            leave=False,
        ) as bar:
            numbers = count(1)

            def report(losses: NDArray[np.float32]) -> None:
                for loss, number in zip(losses, numbers, strict=False):
                    self._check(float(loss), "loss", f"in step {number} of epoch {epoch}")
                bar.set_postfix_str(f"loss {losses[-1]:.4f}", refresh=False)
                bar.update(len(losses))

            yield report

    def finish_epoch(self, values: Epoch) -> None:
        """Log the line of an epoch with the time that is left at most.

        Raises:
            TrainingDivergedError: the validation loss is not finite.
        """
        done = values.epoch
        self._check(values.validation_loss, "validation loss", f"after epoch {done}")
        left = (time.perf_counter() - self._start) / done * (self._epochs - done)
        logger.info(
            "epoch %*d/%d  loss %.4f  accuracy %.4f  validation loss %.4f  accuracy %.4f"
            "  at most %.0f s left",
            len(str(self._epochs)),
            done,
            self._epochs,
            *values[1:],
            left,
        )

    def _check(self, value: float, name: str, when: str) -> None:
        if not math.isfinite(value):
            raise TrainingDivergedError(
                f"The {name} became {value} {when} (batches of {self._batch_size}); nothing was "
                "saved or registered. Lower train.learning_rate, add train.warmup_epochs, or, "
                "under mixed_bfloat16, set train.precision to float32."
            )
