"""What watches a training: the finite loss and the lines that report it."""

import logging
import math
import sys
import time
from typing import Any

from onion_pipeline.errors import TrainingDivergedError
from onion_pipeline.model.backend import import_keras

logger = logging.getLogger(__name__)


def make_callbacks(batch_size: int) -> list[Any]:
    """Return the callbacks of every training: refuse a broken loss, report progress.

    A terminal gets Keras' own bar with the time left; elsewhere each epoch is one log line.
    """
    report = _make_epoch_bar() if sys.stdout.isatty() else _make_epoch_lines()
    return [_make_finite_loss(batch_size), report]


def _make_finite_loss(batch_size: int) -> Any:
    keras = import_keras()

    class FiniteLoss(keras.callbacks.Callback):  # type: ignore[name-defined]
        """Ends training with an error where Keras' ``TerminateOnNaN`` would return normally."""

        def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.epoch = epoch + 1

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            self._check(logs, "loss", f"by step {batch + 1} of")

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self._check(logs, "val_loss", "at the end of")

        def _check(self, logs: dict[str, float] | None, name: str, when: str) -> None:
            value = (logs or {}).get(name, 0.0)
            if not math.isfinite(value):
                raise TrainingDivergedError(
                    f"The {name} became {value} {when} epoch {self.epoch} (batches of "
                    f"{batch_size}); nothing was saved or registered. Lower "
                    "train.learning_rate, add train.warmup_epochs, or, under mixed_bfloat16, "
                    "set train.precision to float32."
                )

    return FiniteLoss()


def _make_epoch_bar() -> Any:
    keras = import_keras()

    class EpochBar(keras.callbacks.ProgbarLogger):  # type: ignore[name-defined]
        """Keras' own bar; it would run past its end where several steps are one call."""

        def set_params(self, params: dict[str, Any]) -> None:
            super().set_params({**params, "verbose": 1})

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            super().on_train_batch_end(min(batch, self.target - 1), logs)

    return EpochBar()


def _make_epoch_lines() -> Any:
    keras = import_keras()

    class EpochLines(keras.callbacks.Callback):  # type: ignore[name-defined]
        """Logs one line per epoch with the time that is left at most."""

        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            done, epochs = epoch + 1, self.params["epochs"]
            left = (time.perf_counter() - self.start) / done * (epochs - done)
            values = logs or {}
            logger.info(
                "epoch %*d/%d  loss %.4f  accuracy %.4f  validation loss %.4f  accuracy %.4f"
                "  at most %.0f s left",
                len(str(epochs)),
                done,
                epochs,
                *(values[key] for key in ("loss", "accuracy", "val_loss", "val_accuracy")),
                left,
            )

    return EpochLines()
