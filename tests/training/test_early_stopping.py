import pytest

from onion_pipeline.parameters import EarlyStopping
from onion_pipeline.training.early_stopping import EarlyStopper


def follow(losses, stopping=None):
    """Return the best epoch, its weights, and after how many epochs training ends."""
    stopper = EarlyStopper(stopping)
    for epoch, loss in enumerate(losses, start=1):
        if stopper.note_epoch(loss, [epoch]):
            break
    return stopper.best_epoch, stopper.best_weights, epoch


def test_without_stopping_all_epochs_run_and_the_least_loss_is_kept():
    assert follow([3, 1, 2, 1, 5, 6]) == (2, [2], 6)


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [
        ([3, 1, 2, 2, 0, 0], 2, (2, [2], 4)),
        ([3, 1, 2, 0.5, 1, 1, 1], 2, (4, [4], 6)),
        ([1, 2], 1, (1, [1], 2)),
        ([3, 2, 1], 1, (3, [3], 3)),
    ],
)
def test_training_ends_after_so_many_epochs_without_a_lower_loss(losses, patience, expected):
    assert follow(losses, EarlyStopping(patience=patience)) == expected


def test_a_small_progress_does_not_count_but_is_kept():
    stopping = EarlyStopping(patience=2, min_delta=0.5)
    assert follow([3.0, 2.9, 2.8, 2.7], stopping) == (3, [3], 3)


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("min_delta", [0.0, 0.3])
def test_it_stops_where_keras_does(keras, patience, min_delta):
    losses = [2.0, 1.5, 1.4, 1.35, 0.9, 1.2, 1.0, 0.8, 0.9, 0.7, 0.9, 0.9, 0.9]
    theirs = keras.callbacks.EarlyStopping(patience=patience, min_delta=min_delta)
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    network.stop_training = False
    theirs.set_model(network)
    theirs.on_train_begin()
    for epoch, loss in enumerate(losses):
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        if theirs.model.stop_training:
            break
    ours = follow(losses, EarlyStopping(patience=patience, min_delta=min_delta))
    assert ours[2] == epoch + 1
