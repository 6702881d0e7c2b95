"""What a training says while it runs, and that its loss stays a number."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import Phase
from onion_pipeline.errors import TrainingDivergedError

logger = logging.getLogger(__name__)


# Of a phase what it is called, and the parameter with its learning rate.
PHASES: dict[Phase | None, tuple[str, str]] = {
    None: ("", "train.learning_rate"),
    "probe": (" of the probe", "train.probe.learning_rate"),
    "fine_tuning": (" of fine-tuning", "train.learning_rate"),
}


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
        epochs: of the training.
        batch_size: for messages.
        phase: of a network that begins with a backbone. Of a probe neither is shown: its epochs
            take a fraction of a second.

    Attributes:
        checkpoint: the last one, for messages; ``None`` if there is none.
    """

    def __init__(self, epochs: int, batch_size: int, *, phase: Phase | None = None) -> None:
        self.checkpoint: Path | None = None
        self._epochs = epochs
        self._batch_size = batch_size
        self._phase, self._rate = PHASES[phase]
        self._quiet = phase == "probe"
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """For how long the training has been running, in all processes that had a part in it."""
        return time.perf_counter() - self._start

    def resume(self, seconds: float, epoch: int, step: int, steps: int) -> None:
        """Go on after `seconds` in other processes, with `step` of `steps` in `epoch`, from 1."""
        self._start = time.perf_counter() - seconds
        logger.info("resumed at epoch %d%s, step %d of %d", epoch, self._phase, step, steps)

    @contextmanager
    def show_epoch(
        self, epoch: int, steps: int, done: int = 0
    ) -> Iterator[Callable[[NDArray[np.float32]], None]]:
        """Show the bar of an epoch, from 1; another process has `done` some of its `steps`.

        Yields a function that is called with the losses of steps.

        Raises:
            TrainingDivergedError: a loss is not finite; names the epoch and the step.
        """
        from tqdm import tqdm

        # Unless standard error is a terminal, there is no bar.
        with tqdm(
            total=steps,
            initial=done,
            desc=f"epoch {epoch}/{self._epochs}",
            unit="step",
            disable=True if self._quiet else None,
            leave=False,
        ) as bar:
            numbers = count(done + 1)

            def report(losses: NDArray[np.float32]) -> None:
                for loss, number in zip(losses, numbers, strict=False):
                    self._check(float(loss), "loss", f"in step {number} of", epoch)
                bar.set_postfix_str(f"loss {losses[-1]:.4f}", refresh=False)
                bar.update(len(losses))

            yield report

    def finish_epoch(self, values: Epoch) -> None:
        """Log the line of an epoch with the time that is left at most.

        Raises:
            TrainingDivergedError: the validation loss is not finite.
        """
        done, epochs = values.epoch, self._epochs
        self._check(values.validation_loss, "validation loss", "after", done)
        logger.log(
            logging.DEBUG if self._quiet else logging.INFO,
            "epoch %*d/%d  loss %.4f  accuracy %.4f  validation loss %.4f  accuracy %.4f"
            "  at most %.0f s left",
            *(len(str(epochs)), done, epochs, *values[1:]),
            self.seconds / done * (epochs - done),
        )

    def check_weights(self, weights: Iterable[NDArray[np.float32]], epoch: int) -> None:
        """Check the weights: the loss of a step is that before the step changes them.

        Raises:
            TrainingDivergedError: one is not finite.
        """
        for some in weights:
            for value in some[~np.isfinite(some)][:1]:
                self._check(float(value), "weights", "in", epoch)

    def _check(self, value: float, name: str, when: str, epoch: int) -> None:
        if not math.isfinite(value):
            last = self.checkpoint
            kept = f", and the checkpoint before it, {last}, is kept" if last else ""
            raise TrainingDivergedError(
                f"The {name} became {value} {when} epoch {epoch}{self._phase} (batches of "
                f"{self._batch_size}); nothing was saved or registered{kept}. "
                f"{self._advise()}"
            )

    def _advise(self) -> str:
        if self._quiet:  # it learns in float32, at a rate that falls from the first step on
            return f"Lower {self._rate}."
        return (
            f"Lower {self._rate}, add train.warmup_epochs, or, under mixed_bfloat16, set "
            "train.precision to float32."
        )
