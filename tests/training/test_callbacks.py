import logging
import math
import sys

import pytest

from onion_pipeline.errors import TrainingDivergedError
from onion_pipeline.training.callbacks import make_callbacks

LOGS = {"loss": 1.5, "accuracy": 0.5, "val_loss": 2.5, "val_accuracy": 0.25}


@pytest.fixture
def finite_loss(keras):
    guard = make_callbacks(batch_size=8)[0]
    guard.on_epoch_begin(2)
    return guard


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_broken_loss_ends_the_training_with_epoch_step_and_way_out(finite_loss, value):
    with pytest.raises(TrainingDivergedError) as caught:
        finite_loss.on_train_batch_end(4, {"loss": value})
    message = str(caught.value)
    assert f"The loss became {value} by step 5 of epoch 3 (batches of 8)" in message
    assert "train.learning_rate" in message
    assert "train.precision" in message


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_broken_validation_loss_ends_the_training(finite_loss, value):
    with pytest.raises(TrainingDivergedError, match=r"val_loss became .* at the end of epoch 3"):
        finite_loss.on_epoch_end(2, {"loss": 1.0, "val_loss": value})


@pytest.mark.parametrize("logs", [None, {}, LOGS, {"loss": 1e30, "val_loss": 1e30}])
def test_finite_losses_pass(finite_loss, logs):
    finite_loss.on_train_batch_end(0, logs)
    finite_loss.on_epoch_end(2, logs)


def test_an_epoch_is_one_line_with_its_values(keras, caplog):
    lines = make_callbacks(batch_size=8)[1]
    lines.set_params({"epochs": 10})
    lines.on_train_begin()
    with caplog.at_level(logging.INFO):
        lines.on_epoch_end(2, LOGS)
    (message,) = caplog.messages
    assert message.startswith(
        "epoch  3/10  loss 1.5000  accuracy 0.5000  validation loss 2.5000  accuracy 0.2500"
    )


def test_the_time_left_is_that_of_the_epochs_left(keras, caplog, monkeypatch):
    lines = make_callbacks(batch_size=8)[1]
    lines.set_params({"epochs": 5})
    clock = iter([100.0, 160.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    lines.on_train_begin()
    with caplog.at_level(logging.INFO):
        lines.on_epoch_end(1, LOGS)
    assert caplog.messages[0].endswith("at most 90 s left")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_the_bar_of_keras_instead_of_lines(keras, monkeypatch, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    report = make_callbacks(batch_size=8)[-1]
    assert isinstance(report, keras.callbacks.ProgbarLogger) == terminal


def test_the_bar_ends_at_the_last_step_where_several_steps_are_one_call(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    bar = make_callbacks(batch_size=8)[-1]
    bar.set_params({"verbose": 0, "epochs": 2, "steps": 40})
    bar.on_epoch_begin(0)
    bar.on_train_batch_end(63, LOGS)
    printed = capsys.readouterr().out
    assert "40/40" in printed
    assert "64/40" not in printed
