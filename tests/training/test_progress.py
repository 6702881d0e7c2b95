import io
import logging
import math
import sys

import numpy as np
import pytest

from onion_pipeline.errors import TrainingDivergedError
from onion_pipeline.training.progress import Epoch, Progress

VALUES = Epoch(3, 1.5, 0.5, 2.5, 0.25)


def report(*blocks):
    with Progress(epochs=5, batch_size=8).show_epoch(3, steps=40) as tell:
        for losses in blocks:
            tell(np.float32(losses))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_broken_loss_ends_the_training_with_epoch_step_and_way_out(value):
    with pytest.raises(TrainingDivergedError) as caught:
        report([1.0, 2.0], [1.0, 1.0, value, 1.0])
    message = str(caught.value)
    assert f"The loss became {value} in step 5 of epoch 3 (batches of 8)" in message
    assert "train.learning_rate" in message
    assert "train.precision" in message


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_broken_validation_loss_ends_the_training(value):
    broken = VALUES._replace(validation_loss=value)
    with pytest.raises(TrainingDivergedError, match=r"validation loss became .* after epoch 3"):
        Progress(epochs=5, batch_size=8).finish_epoch(broken)


def test_finite_losses_pass():
    report([1e30, -1e30], [0.0])


def test_an_epoch_is_one_line_with_its_values(caplog):
    with caplog.at_level(logging.INFO):
        Progress(epochs=10, batch_size=8).finish_epoch(VALUES)
    (message,) = caplog.messages
    assert message.startswith(
        "epoch  3/10  loss 1.5000  accuracy 0.5000  validation loss 2.5000  accuracy 0.2500"
    )


def test_the_time_left_is_that_of_the_epochs_left(caplog, monkeypatch):
    clock = iter([100.0, 190.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    with caplog.at_level(logging.INFO):
        Progress(epochs=5, batch_size=8).finish_epoch(VALUES)
    assert caplog.messages[0].endswith("at most 60 s left")


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_gets_a_bar(monkeypatch, terminal):
    written = io.StringIO()
    written.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", written)
    report([1.0] * 20, [0.5] * 20)
    assert ("epoch 3/5" in written.getvalue()) == terminal
