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


def test_a_message_names_the_checkpoint_that_is_kept(tmp_path):
    progress = Progress(epochs=5, batch_size=8)
    progress.checkpoint = tmp_path / "epoch-0002-block-0000.npz"
    with pytest.raises(TrainingDivergedError) as caught:
        progress.finish_epoch(VALUES._replace(validation_loss=math.nan))
    assert f"the checkpoint before it, {progress.checkpoint}, is kept" in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_broken_weight_ends_the_training(value):
    progress = Progress(epochs=5, batch_size=8)
    progress.check_weights([np.float32([[1, 2]]), np.float32([3e38, 3e38])], 2)
    with pytest.raises(TrainingDivergedError, match=f"weights became {value} in epoch 2"):
        progress.check_weights([np.float32([1]), np.float32([[1, value], [3, 4]])], 2)


@pytest.mark.parametrize(
    ("phase", "place", "advice"),
    [
        ("probe", "of the probe", "Lower train.probe.learning_rate."),
        ("fine_tuning", "of fine-tuning", "Lower train.learning_rate, add train.warmup_epochs"),
    ],
)
def test_a_broken_loss_names_the_phase(phase, place, advice):
    progress = Progress(epochs=5, batch_size=8, phase=phase)
    with pytest.raises(TrainingDivergedError) as caught:
        progress.finish_epoch(VALUES._replace(validation_loss=math.nan))
    assert f"became nan after epoch 3 {place} (batches of 8)" in str(caught.value)
    assert advice in str(caught.value)


def test_a_resumed_training_says_where_and_counts_on(caplog, monkeypatch):
    progress = Progress(epochs=5, batch_size=8)
    clock = iter([1000.0, 1020.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    with caplog.at_level(logging.INFO):
        progress.resume(seconds=70, epoch=3, step=21, steps=40)
    assert caplog.messages == ["resumed at epoch 3, step 21 of 40"]
    with (
        pytest.raises(TrainingDivergedError, match="in step 22 of epoch 3"),
        progress.show_epoch(3, steps=40, done=20) as tell,
    ):
        tell(np.float32([1, math.nan]))
    with caplog.at_level(logging.INFO):
        progress.finish_epoch(VALUES)  # 90 s for three epochs, and two are left
    assert caplog.messages[-1].endswith("at most 60 s left")


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
